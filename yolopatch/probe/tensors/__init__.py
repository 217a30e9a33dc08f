"""Tensors: found, moved, compared."""
