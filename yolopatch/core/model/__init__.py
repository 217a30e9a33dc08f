"""Model YAMLs: read, laid out, written."""
