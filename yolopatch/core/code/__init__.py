"""Upstream's code as syntax trees, and the code that a module adds."""
