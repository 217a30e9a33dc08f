"""`transplant`, `pack`, `unpack`, `restore`."""
