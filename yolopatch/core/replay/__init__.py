"""The user's commits on another base: what is merged, and what conflicts."""
