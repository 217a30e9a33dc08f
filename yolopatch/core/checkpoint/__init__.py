"""Checkpoints: the stamp in them, and which fork they come from."""
