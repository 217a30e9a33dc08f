"""Interpreters, environments, and the environment variables of child processes."""
