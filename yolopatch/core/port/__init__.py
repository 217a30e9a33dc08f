"""Patches for a release that is not one of the pins."""
