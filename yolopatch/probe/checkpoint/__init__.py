"""Checkpoints: read as data, written as upstream writes them."""
