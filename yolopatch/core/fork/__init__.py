"""A published fork of an upstream: the release that it began from, what it changes, and its model on a clean pin."""
