"""Upstream's settings."""
