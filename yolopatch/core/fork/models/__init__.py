"""The models of a fork, and which of them it is about."""
