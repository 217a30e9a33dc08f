"""What a change affects: by the place of the code, and by looking at who uses it."""
