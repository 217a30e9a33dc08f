"""What `verify` is asked for."""
