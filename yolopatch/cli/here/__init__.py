"""`yolopatch` without a command: where the user is."""
