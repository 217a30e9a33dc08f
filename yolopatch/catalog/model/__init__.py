"""The base models: layers, scales, tasks."""
