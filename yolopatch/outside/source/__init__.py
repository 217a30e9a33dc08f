"""The content of pins and releases: where it comes from, and the cache."""
