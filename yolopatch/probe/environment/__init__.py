"""What this interpreter has, and what it runs with."""
