"""Run trainings and evaluate their results."""
