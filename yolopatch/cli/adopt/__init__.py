"""`adopt`."""
