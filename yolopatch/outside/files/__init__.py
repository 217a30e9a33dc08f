"""Reading, writing and locking files."""
