"""The wire: everything that yolopatch and its probe both must know, in one place. Standard library only.

The parent imports it as `yolopatch.wire`. The probe's process cannot import `yolopatch`: it finds this folder next to
its own (see `probe/__main__.py`). So files here and in the probe import each other relatively.
"""
