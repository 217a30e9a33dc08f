"""A grid of runs, and its table."""
