"""Models of published forks: a tree of unknown code is imported, and the model of a YAML is built and told."""
