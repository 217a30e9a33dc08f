"""The rules that find the cause of an exception, by what they look at: see `causes.py`."""
