"""Modules that stand for a convolution."""
