"""How a task is received, answered and refused."""
