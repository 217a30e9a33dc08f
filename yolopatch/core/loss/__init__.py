"""Losses in pasted files."""
