"""Trainings, and what came out of them."""
