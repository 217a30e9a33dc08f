"""Build upstream's models, and find what they were built from."""
