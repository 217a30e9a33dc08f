"""Checks of what a model is used for."""
