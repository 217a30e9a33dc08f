"""The user's own catalog on disk."""
