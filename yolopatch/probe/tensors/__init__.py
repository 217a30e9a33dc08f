"""Find, change and compare tensors."""
