"""Attention, which weighs a map and keeps its size and its channels."""
