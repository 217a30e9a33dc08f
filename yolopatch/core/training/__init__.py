"""A training run: its script, its record and the results that upstream writes."""
