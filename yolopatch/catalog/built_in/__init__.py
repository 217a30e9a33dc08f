"""The entries of yolopatch's own modules, one file for what they stand for."""
