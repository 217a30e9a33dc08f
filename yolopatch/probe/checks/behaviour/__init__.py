"""Checks of what a model computes."""
