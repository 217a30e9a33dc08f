"""What the current folder is, and what to do there next."""
