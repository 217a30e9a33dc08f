"""`verify`: its command, its lines, and its HTML page."""
