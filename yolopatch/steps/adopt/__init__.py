"""`adopt`: what a published fork changes, and its model on a clean pin."""
