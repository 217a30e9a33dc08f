"""A fork's model on a clean release: what its YAML needs as a module that only inserts lines and adds files."""
