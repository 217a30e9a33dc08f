"""`add`, and the patches of own modules."""
