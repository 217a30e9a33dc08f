"""The wire: what yolopatch and its probe both have to know, said once. Standard library only.

The parent imports it as `yolopatch.wire`; the probe, in whose process no `yolopatch` is to be had, by its place
(see `probe/__main__.py`). So files in here and in the probe import each other relatively.
"""
