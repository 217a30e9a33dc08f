"""The single sources of heads."""
