"""The costs of every module in a model."""
