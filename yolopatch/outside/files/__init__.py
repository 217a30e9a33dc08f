"""Files: locked, staged, written where the user says."""
