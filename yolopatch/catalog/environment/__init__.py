"""What the pins need of an environment, and what newer libraries break."""
