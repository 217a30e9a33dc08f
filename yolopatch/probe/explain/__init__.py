"""Explain the exceptions that a model raises."""
