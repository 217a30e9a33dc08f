"""The probe: runs in a workspace's own interpreter, builds models there, and answers as lines of JSON.

Called as `python PROBE/__main__.py REQUEST.json ANSWERS`. It needs Python 3.8 and, for most tasks, torch and upstream's
own requirements; nothing of yolopatch is installed where it runs. The code that it imports may have files of any name,
so nothing of ours is on its path: our own files are found under one name that nobody else uses.
"""

import os
import sys

_HERE = os.path.dirname(os.path.realpath(__file__))
# Python puts the folder of a script in front; a file `checks.py` of the user's must not be one of ours
sys.path[:] = [entry for entry in sys.path if not entry or os.path.realpath(entry) != _HERE]

from importlib import import_module  # noqa: E402  not before the path is clean
from types import ModuleType  # noqa: E402

ROOT = "yolopatch_child"


def register():
    """Make our package, in which the probe and the wire lie, importable as ROOT, without a folder on the path."""
    root = ModuleType(ROOT)
    root.__path__ = [os.path.dirname(_HERE)]
    sys.modules[ROOT] = root


if __name__ == "__main__":
    register()
    import_module(f"{ROOT}.probe.protocol.serve").serve(*sys.argv[1:])
