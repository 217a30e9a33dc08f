"""Blocks, which take the place of C3k2, C2f and C3."""
