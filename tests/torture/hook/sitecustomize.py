"""Runs in a command's process before yolopatch does: it follows the command's steps, and at one of them does harm.

A step is what changes the disk, takes a lock or starts a process, as Python's own audit events tell it. The plan stands
in `TORTURE_PLAN` as JSON; the process takes it out of its environment, so that no child follows it, too.

    {"trace": FILE}                        write down each step, one a line
    {"at": N, "harm": "kill"}              end the process right before step N, as `kill -9` does
    {"at": N, "harm": "kill", "after": S}  end it S seconds after step N has begun: while git or another program works
    {"at": N, "harm": ERRNO}               let step N fail with this error
    {"at": N, "harm": ERRNO, "stays": true}  let step N and each later one fail with it, as on a full disk
    {"locks": false}                       let no lock be taken, as on a network drive without locks
    {"umask": N}                           the user's umask
    {"noexec": FOLDER}                     let no program and no library below it be started or loaded
    {"plant": NAME}                        plant a fault of `torture_plants.py` in the process
    {"memory": BYTES, "seconds": S}        what the process and each of its children may use
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import sys
import threading

_PLAN = json.loads(os.environ.pop("TORTURE_PLAN", "{}"))
_PATH_EVENTS = frozenset(
    f"os.{name}" for name in ("rename", "mkdir", "remove", "rmdir", "link", "symlink", "chmod", "truncate", "utime")
)
_STARTS = frozenset(("subprocess.Popen", "os.posix_spawn", "os.fork"))
_RUNS = frozenset(("subprocess.Popen", "os.posix_spawn", "os.exec", "ctypes.dlopen", "import"))
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# The errors that a step can have: a full disk does not stop a removal.
_NEEDS_ROOM = frozenset(("open", "os.mkdir", "os.rename", "os.link", "os.symlink"))
_REASON = {"fcntl.flock": errno.ENOLCK, "subprocess.Popen": errno.EAGAIN, "os.posix_spawn": errno.EAGAIN}


def _is_step(event: str, arguments: tuple) -> bool:
    if event == "open":
        path, _, flags = arguments
        return isinstance(path, (str, bytes)) and bool((flags or 0) & _WRITING) and os.fspath(path) != os.devnull
    return event in _PATH_EVENTS or event in _STARTS or event == "fcntl.flock"


def _words(event: str, arguments: tuple) -> str:
    shown = arguments[1] if event == "subprocess.Popen" else arguments[0] if arguments else ""
    if isinstance(shown, (list, tuple)):  # a command: git's settings are long and always the same
        words = [str(word) for word in shown]
        shown = " ".join(word for word, before in zip(words, ["", *words]) if "-c" not in (word, before))
    return f"{event} {str(shown)[:200]!r}"


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Harm:
    """Counts steps, and does what the plan says at one of them."""

    def __init__(self) -> None:
        self.count = 0
        self.trace = os.open(_PLAN["trace"], os.O_WRONLY | os.O_CREAT | os.O_APPEND) if "trace" in _PLAN else None

    def __call__(self, event: str, arguments: tuple) -> None:
        if not _is_step(event, arguments):
            return
        self.count += 1
        if self.trace is not None:
            os.write(self.trace, f"{_words(event, arguments)}\n".encode())
        if event == "fcntl.flock" and not _PLAN.get("locks", True) and not arguments[1] & fcntl.LOCK_UN:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        at = _PLAN.get("at")
        if self.count == at or (at and self.count > at and _PLAN.get("stays")):
            self._harm(event, arguments)

    def _harm(self, event: str, arguments: tuple) -> None:
        harm = _PLAN["harm"]
        if harm != "kill":
            if event == "fcntl.flock" and arguments[1] & fcntl.LOCK_UN:
                return  # to let go of a lock never fails
            if harm == errno.ENOSPC and event not in _NEEDS_ROOM:
                return
            number = _REASON.get(event, harm)
            raise OSError(number, os.strerror(number), arguments[0] if event not in _STARTS else None)
        if "after" not in _PLAN:
            _end()
        timer = threading.Timer(_PLAN["after"], _end)
        timer.daemon = True
        timer.start()


def _limit() -> None:
    import resource

    for what, value in ((resource.RLIMIT_AS, _PLAN.get("memory")), (resource.RLIMIT_CPU, _PLAN.get("seconds"))):
        if value:
            resource.setrlimit(what, (value, value))
    if "file" in _PLAN:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that a write fails, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (_PLAN["file"], _PLAN["file"]))


def _allow_no_program(folder: str) -> None:
    """Let programs and libraries below a folder fail to start and to load, as a file system mounted noexec does."""

    def look(event: str, arguments: tuple) -> None:
        if event not in _RUNS or not arguments:
            return
        program = arguments[1 if event == "import" else 0]
        if isinstance(program, (str, bytes, os.PathLike)) and os.fsdecode(program).startswith(f"{folder}{os.sep}"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), program)

    sys.addaudithook(look)


if _PLAN:
    if "umask" in _PLAN:
        os.umask(_PLAN["umask"])
    if "plant" in _PLAN:
        from torture_plants import plant

        plant(_PLAN["plant"])
    if "noexec" in _PLAN:
        _allow_no_program(_PLAN["noexec"])
    _limit()
    sys.addaudithook(_Harm())
