"""Models of published forks, and of what was rebuilt of them."""
