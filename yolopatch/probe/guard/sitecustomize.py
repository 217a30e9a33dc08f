"""Refuse network access that upstream makes without being asked. Python imports this file when it starts.

Upstream has no variable or setting that turns these requests off. Downloads that the user asked for (a data set,
weights) still work. After this file is loaded, its folder is off the path and its name is free again: the user's code
may have files of any name.
"""

from __future__ import annotations

import re
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from os import PathLike, environ, fsdecode
from os.path import dirname, join
from types import FrameType
from typing import Any

_UPSTREAMS = ("ultralytics", "yolov5", "utils")
_UNASKED = (
    "check_online",  # yolov5: before `git fetch` and `pip install`
    "is_online",  # ultralytics: at import
    "check_amp",  # ultralytics on a GPU: downloads a nano model to try float16 with
    "check_latest_pypi_version",  # ultralytics: at the start of a training
)
# yolov5 of late, where ultralytics is not installed: at import, and no setting of its own prevents it
_INSTALLS = re.compile(r"\bpip3?(?:\.exe)?\W.*\binstall\b")
_EVENTS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto")
_HERE = dirname(__file__)
_ours: Any = None  # this module, until its name is free again


def _unasked_function(frame: FrameType | None) -> str | None:
    """Return the function of upstream in the call stack that uses the network without being asked, else None."""
    while frame:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if frame.f_code.co_name in _UNASKED and package in _UPSTREAMS:
            return frame.f_code.co_name
        frame = frame.f_back
    return None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "import" and _ours is not None:
        _free_the_name()
    elif event in _EVENTS:
        function = _unasked_function(sys._getframe(1))
        if function:
            raise OSError(f"yolopatch: {function} uses the network without being asked")
    elif event in ("os.system", "subprocess.Popen"):
        words = arguments[0] if event == "os.system" else arguments[1]
        command = _text(words) if isinstance(words, (str, bytes)) else " ".join(map(_text, words))
        if _INSTALLS.search(command):
            raise OSError(f"yolopatch: upstream installs something without being asked: {command}")


def _text(word: Any) -> str:
    return fsdecode(word) if isinstance(word, (str, bytes, PathLike)) else str(word)


def _free_the_name() -> None:
    """Let `import sitecustomize` find a file of the user's. Python needs our entry only while it loads this file."""
    global _ours
    if sys.modules.get("sitecustomize") is _ours:
        del sys.modules["sitecustomize"]
    _ours = None


def _load_shadowed() -> bool:
    """Load the file of this name that the interpreter would have imported without this one, and return if it exists."""
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return False
    sys.modules["sitecustomize"] = module_from_spec(spec)  # Python takes what it finds there
    spec.loader.exec_module(sys.modules["sitecustomize"])
    return True


def _seal() -> None:
    """Seal a process that runs the code of a stranger: see seal.py, which gets no name that code could import."""
    spec = spec_from_file_location("yolopatch_seal", join(_HERE, "seal.py"))
    if spec is None or spec.loader is None:
        raise ImportError("no seal.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.seal()


if "YOLOPATCH_SEALED" in environ:
    _seal()
sys.addaudithook(_watch)
sys.path[:] = [entry for entry in sys.path if entry != _HERE]
if not _load_shadowed():
    _ours = sys.modules[__name__]
