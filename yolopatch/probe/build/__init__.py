"""Upstream's models, built, and what they were built from."""
