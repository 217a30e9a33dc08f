"""Checks of how a model learns."""
