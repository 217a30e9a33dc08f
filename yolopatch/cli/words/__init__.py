"""Results in words, as lines for a terminal; `report.py` prints them."""
