"""A class that joins several maps: how it is called, and what it gives."""
