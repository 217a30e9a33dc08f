"""Describe this interpreter: its packages and its devices."""
