"""The checks of `verify`, a file each; `wire/checks.py` lists them in their order."""
