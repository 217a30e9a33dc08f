"""Why a model does not build, by the moment in which it fails: see `failures.py`."""
