"""`apply`, `remove`, `status`, `diff`."""
