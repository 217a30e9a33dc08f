"""Upstream's own blocks: what they make of maps."""
