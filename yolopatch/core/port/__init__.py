"""Patches for a release that nobody pinned."""
