"""The data that a workspace stores about itself, in its commits and files."""
