"""What maintainers run: `make patches` and `make manifests`. Users never need it."""
