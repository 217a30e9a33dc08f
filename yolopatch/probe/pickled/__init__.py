"""Pickles of strangers: what loading one would do, and its data, without running any code that it names."""
