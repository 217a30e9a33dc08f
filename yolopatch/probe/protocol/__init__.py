"""How a task is taken, answered and refused."""
