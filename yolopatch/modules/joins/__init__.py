"""The single sources of joins of several maps."""
