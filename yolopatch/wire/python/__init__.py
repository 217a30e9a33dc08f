"""A Python that runs upstream: what is known of it, and how it gets what it lacks."""
