"""`env` and `doctor`."""
