"""Figures of models: graphs and heat maps."""
