"""Figures of models: their graph."""
