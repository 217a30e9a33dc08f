"""What a user's own module adds to a pin."""
