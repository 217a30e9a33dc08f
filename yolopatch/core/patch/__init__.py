"""Patches: read, written, composed."""
