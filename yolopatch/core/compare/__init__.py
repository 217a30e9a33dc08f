"""Models side by side: the rows, and the tables of them."""
