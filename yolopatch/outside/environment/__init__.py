"""Interpreters, environments, and the variables with which upstream's code runs."""
