"""Keep a process that runs the code of a stranger to itself: no network, no other program, no file beyond its folder.

It is no wall against code that wants out: Python has none. It stops what such code does by the way when it is imported,
and says what that was. `sitecustomize.py` loads it where the variable SEALED names the folder of the process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from os.path import abspath, expanduser, isdir, join, realpath
from shutil import which
from typing import Any

SEALED = "YOLOPATCH_SEALED"
_CONNECTS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto")
_STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn")
_CHANGES = {  # which of the arguments are paths that change
    "os.chmod": (0,),
    "os.link": (1,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "shutil.rmtree": (0,),
}
# where upstream looks for a place for its settings; it takes another one where they do not exist
_PLACES = (".config", join("AppData", "Roaming"), join("Library", "Application Support"))
_HARMLESS = (("git", "rev-parse"), ("uname",), ("fc-list",), ("nvidia-smi",), ("sysctl",), ("lscpu",))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def seal() -> None:
    """Seal this process, and give it a home of its own: old releases of upstream write there."""
    folder = realpath(os.environ[SEALED])
    _keep_caches()
    home = join(folder, "home")
    for place in _PLACES:
        os.makedirs(join(home, place), exist_ok=True)
    os.environ.update(HOME=home, USERPROFILE=home, XDG_CONFIG_HOME=join(home, ".config"))
    os.environ.pop("YOLO_CONFIG_DIR", None)  # some releases cannot be imported with it
    sys.addaudithook(_watch(folder))


def _keep_caches() -> None:
    """Let libraries read the caches of the user: the list of all fonts takes matplotlib seconds to make."""
    os.environ.setdefault("XDG_CACHE_HOME", expanduser(join("~", ".cache")))
    on_a_mac = expanduser(join("~", ".matplotlib"))
    if isdir(on_a_mac):
        os.environ.setdefault("MPLCONFIGDIR", on_a_mac)


def _watch(folder: str) -> Callable[[str, tuple[Any, ...]], None]:
    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            _check_open(folder, *arguments)
        elif event in _CHANGES:
            for position in _CHANGES[event]:
                _check_path(folder, arguments[position])
        elif event in _CONNECTS:
            raise OSError("yolopatch keeps this process from the network")
        elif event in _STARTS:
            _check_program(folder, _words(arguments))
        elif event in ("os.kill", "os.killpg"):
            _check_signal(event, int(arguments[0]))

    return watch


def _check_open(folder: str, path: Any, mode: Any, flags: Any) -> None:
    writes = set(mode) & set("wax+") if isinstance(mode, str) else isinstance(flags, int) and flags & _WRITING
    if writes and not isinstance(path, int):
        _check_path(folder, path)


def _check_path(folder: str, path: Any) -> None:
    if not isinstance(path, (str, bytes, os.PathLike)):
        return  # an open file
    full = realpath(abspath(os.fsdecode(path)))
    if not full.startswith((folder + os.sep, "/dev/")) and full != folder and full != os.devnull:
        raise PermissionError(f"yolopatch keeps this process from other files: {full}")


def _check_signal(event: str, target: int) -> None:
    """Let it send signals to itself and to what it has started, which are of its process group."""
    if sys.platform == "win32":
        own = target == os.getpid()
    elif event == "os.killpg":
        own = target in (0, os.getpgrp())
    else:
        own = target == 0 or (target > 0 and os.getpgid(target) == os.getpgrp())
    if not own:
        raise PermissionError("yolopatch keeps this process from other processes")


def _check_program(folder: str, words: list[str]) -> None:
    """Let it ask the system what upstream asks at import."""
    program = which(words[0]) if words else None
    harmless = any(words[: len(known)] == list(known) for known in _HARMLESS)
    if not (harmless and program and not realpath(program).startswith(folder + os.sep)):
        raise PermissionError(f"yolopatch keeps this process from other programs: {' '.join(words)}")


def _words(arguments: tuple[Any, ...]) -> list[str]:
    """Return the command of an event: its program and arguments, which some events have in the second place."""
    listed = len(arguments) > 1 and isinstance(arguments[1], (list, tuple))
    words = arguments[1] if listed else [arguments[0]]
    return [os.fsdecode(word) if isinstance(word, (str, bytes, os.PathLike)) else str(word) for word in words]
