"""Try a module in a model."""
