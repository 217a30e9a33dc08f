"""The folder of a reproduction."""
