"""The messages of yolopatch: read from its own sources, kept with their translations, and compiled."""
