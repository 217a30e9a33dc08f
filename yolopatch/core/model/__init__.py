"""Model YAMLs: reading, laying out, writing."""
