"""The parts of a Python file that a fork changed, each with what it affects and whether anything reaches it."""
