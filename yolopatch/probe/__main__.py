"""The probe: it runs in a workspace's own interpreter, builds models there, and answers as lines of JSON.

It is called as `python PROBE/__main__.py REQUEST.json ANSWERS`. It needs Python 3.8 and, for most tasks, torch and
upstream's requirements; yolopatch is not installed there. The user's code may have files of any name, so no folder of
yolopatch is on the path: our files are imported under one name that no other package has.
"""

from __future__ import annotations

import os
import sys

_HERE = os.path.dirname(os.path.realpath(__file__))
# Python puts the folder of a script first; then `import checks` in the user's code would import our package
sys.path[:] = [entry for entry in sys.path if not entry or os.path.realpath(entry) != _HERE]

from importlib import import_module  # noqa: E402  only after the path is clean
from types import ModuleType  # noqa: E402

ROOT = "yolopatch_child"


def register() -> None:
    """Make the package with `probe` and `wire` importable as ROOT, without a folder on the path."""
    root = ModuleType(ROOT)
    root.__path__ = [os.path.dirname(_HERE)]
    sys.modules[ROOT] = root


if __name__ == "__main__":
    register()
    import_module(f"{ROOT}.probe.protocol.serve").serve(*sys.argv[1:])
