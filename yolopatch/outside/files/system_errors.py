"""Errors of the operating system: which one a program speaks of, and what the user does about it."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.wire import shell

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_SPACE = 2**20  # bytes; with less free space, the program may not have had enough for what it wanted to write

# No number of `errno`: Windows cannot have a file of this name.
WRONG_NAME = -1
# Windows' own numbers of it: a wrong name, a wrong path, a path that is too long, a name that is no folder's.
_WRONG_NAMES = (123, 161, 206, 267)


def _advices(place: Path | None) -> dict[int, str]:
    """Return what the user does about each state of the machine, which none of these errors of yolopatch's is.

    Args:
        place: the path; None where it is unknown.
    """
    path = shell.quote(place) if place else "that path"
    permissions = _permissions(place) if place else "check the permissions of that path"
    has_limits = sys.platform != "win32"  # Windows has no such command
    return {
        errno.ENOSPC: "free some space",
        errno.EDQUOT: "free some space: your disk quota is used up",
        errno.EFBIG: "allow larger files (`ulimit -f unlimited`)" if has_limits else "allow larger files",
        errno.EACCES: permissions,
        errno.EPERM: permissions,
        errno.EROFS: f"make {path} writable: its file system is mounted read-only",
        errno.ENAMETOOLONG: "use a shorter name or path",
        WRONG_NAME: "use another name or path "
        '(on Windows, without < > : " | ? *, not CON, AUX, NUL or COM1, and shorter)',
        errno.ENOTDIR: f"move {path} away (a folder is needed there)",
        errno.EISDIR: f"move {path} away (a file is needed there)",
        errno.ELOOP: f"remove {path}: this link leads to itself",
        errno.EMFILE: "allow more open files (`ulimit -n 4096`)" if has_limits else "allow more open files",
        errno.ENFILE: "end other programs: too many files are open",
        errno.ENOMEM: "end other programs: the memory is used up",
        errno.EAGAIN: "end other programs: no more processes may be started (`ulimit -u`)"
        if has_limits
        else "end other programs: no more processes may be started",
        errno.EBUSY: f"end the program that uses {path}",
        errno.EIO: f"check the disk or network drive of {path}: it fails",
        errno.ESTALE: f"mount the network drive of {path} again",
        errno.ENOLCK: f"use a folder on another drive than {path}: locks do not work there",
    }


def _permissions(place: Path) -> str:
    return f"check the permissions of {shell.quote(place)} (`{shell.show_permissions(place)}`)"


_OF_THE_MACHINE = frozenset(_advices(None))
# What programs say in other words than the system's.
_OTHER_WORDS = {
    "out of diskspace": errno.ENOSPC,
    "insufficient permission": errno.EACCES,
    "filename too long": errno.ENAMETOOLONG,
    "'$git_dir' too big": errno.ENAMETOOLONG,
}
# They do not say why.
_COULD_NOT_WRITE = ("unable to write", "could not write", "couldn't write", "write error", "couldn't set '")
# ssh says "Permission denied (publickey)" of a key; uv says "Permission denied (os error 13)"
_NAMED = {
    number: re.compile(rf"{re.escape(os.strerror(number).lower())}(?! \((?!os error))")
    for number in _OF_THE_MACHINE
    if number != WRONG_NAME
}


def advice(number: int | None, place: Path | str = "", instead: str = "", again: str = "run the command again") -> str:
    """Return what the user does about an error of the system.

    Args:
        number: the error, as `number_of` has it.
        place: the path, "" where it is unknown.
        instead: what the user can do in place of it: `name another folder with --out`.
        again: what to do after it, where there is nothing to do in place of it.

    Returns:
        the advice, `instead` alone for an error that no state of the machine causes.
    """
    if number is None or not is_of_the_machine(number):
        return instead
    what = _advices(_existing(Path(place)) if str(place) else None)[number]
    return f"{what}, or {instead}" if instead else f"{what}, then {again}"


def number_of(error: OSError) -> int | None:
    """Return the error as in `errno`, or WRONG_NAME, for which Windows has several numbers and `errno` has none."""
    return WRONG_NAME if getattr(error, "winerror", None) in _WRONG_NAMES else error.errno


def is_of_the_machine(number: int | None) -> bool:
    """Return whether a state of the machine causes this error: a full disk, a permission, a broken drive."""
    return number in _OF_THE_MACHINE


def machine_error(error: OSError, outcome: str = "") -> YolopatchError | None:
    """Return the error of yolopatch for an error of the system; None where no state of the machine causes it.

    Args:
        error: the system's.
        outcome: what the command has done to the disk, for the message: `nothing was changed`.
    """
    and_so = f"; {outcome}" if outcome else ""
    if _is_here_gone():
        hint = "cd to an existing folder, then run the command again"
        return YolopatchError("the current folder was deleted", hint=hint)
    if error.errno == errno.ENOENT and "No usable temporary directory" in (error.strerror or ""):
        hint = f"free some space there, or choose a folder that you can write to: {shell.set_variable('TMPDIR', 'DIR')}"
        return YolopatchError(f"{error.strerror}{and_so}", hint=hint)
    if not is_of_the_machine(number_of(error)):
        return None
    # of a copy the second is the new file, and it is its disk that is full
    place = (error.filename2 if is_full(error.errno) else None) or error.filename or ""
    where = f" at {place}" if place else ""
    return YolopatchError(f"{error.strerror}{where}{and_so}", hint=advice(number_of(error), place))


def _is_here_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def is_full(number: int | None) -> bool:
    """Return whether the error says that there is no space."""
    return number in _FULL


def error_named_in(lines: Iterable[str]) -> int | None:
    """Return the error of the system that a program's output speaks of last; None where it speaks of none."""
    return next((number for line in reversed(list(lines)) if (number := _in_line(line.lower()))), None)


def named_full_in(lines: Iterable[str]) -> int | None:
    """Return the error of a full disk where the last error of the system in a program's output is one."""
    number = error_named_in(lines)
    return number if is_full(number) else None


def cause_of(lines: Iterable[str], folder: Path) -> int | None:
    """Return why a program could not write into a folder.

    Args:
        lines: its output, which names the error, or says only that something could not be written.
        folder: an existing folder, which is looked at in the second case.

    Returns:
        the error, as in `errno`; None where the program failed for another reason, or the folder shows none.
    """
    said = list(lines)
    named = error_named_in(said)
    if named or not any(words in line.lower() for line in said for words in _COULD_NOT_WRITE):
        return named
    return missing_room(folder) or (None if os.access(folder, os.W_OK) else errno.EACCES)


def missing_room(folder: Path) -> int | None:
    """Return the error of a full disk where an existing folder has no space left; None where it has."""
    return errno.ENOSPC if shutil.disk_usage(folder).free < _NO_SPACE else None


def _existing(place: Path) -> Path:
    """Return the path, or the nearest folder above it that exists: that is what can be looked at."""
    return next((path for path in (place, *place.parents) if os.path.lexists(path)), place)


def _in_line(line: str) -> int | None:
    named = [number for number, form in _NAMED.items() if form.search(line)]
    other = [number for words, number in _OTHER_WORDS.items() if words in line]
    return next(iter(named + other), None)
