"""Child processes: how they are started and ended."""
