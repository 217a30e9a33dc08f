"""Checks of what a model is made of."""
