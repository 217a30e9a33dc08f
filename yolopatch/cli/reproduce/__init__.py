"""`reproduce`."""
