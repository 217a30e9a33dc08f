"""The Python in what a post shows: its lines are read, never run."""
