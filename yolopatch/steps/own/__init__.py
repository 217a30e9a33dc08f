"""`add`, and the patches of the user's own modules."""
