"""A reproduction's folder."""
