"""Refuse the network to what upstream asks of it on its own account. Python imports this file when it starts.

No variable and no setting of upstream's turns these off. What somebody asked for (a data set, weights) goes on.
"""

import sys
from importlib.machinery import PathFinder
from os.path import dirname

_UPSTREAMS = ("ultralytics", "yolov5", "utils")
_UNASKED = (
    "check_online",  # yolov5: before `git fetch` and `pip install`
    "is_online",  # ultralytics: at import
    "check_amp",  # ultralytics on a GPU: downloads a nano model to try float16 with
    "check_latest_pypi_version",  # ultralytics: at the start of a training
)
_EVENTS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto")


def _asker(frame):
    """Return the function of upstream's that is about to reach for the network unasked, None for anybody else."""
    while frame:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if frame.f_code.co_name in _UNASKED and package in _UPSTREAMS:
            return frame.f_code.co_name
        frame = frame.f_back
    return None


def _refuse(event, arguments):
    if event in _EVENTS:
        asker = _asker(sys._getframe(1))
        if asker:
            raise OSError(f"yolopatch: {asker} reaches for the network unasked")


def _run_shadowed():
    """Run the file of this name that the interpreter would have imported without us."""
    here = dirname(__file__)
    spec = PathFinder.find_spec("sitecustomize", [path for path in sys.path if path != here])
    if spec and spec.loader:
        spec.loader.exec_module(sys.modules[__name__])


sys.addaudithook(_refuse)
_run_shadowed()
