"""What is on the disk: bytes of the user, what was left behind, and what changed where nothing may."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from lab import Ended, Sandbox
from tally import Died

TWO_HOURS = 7200
_BUG = 5


def state(folder: Path, *apart: str) -> dict[str, str]:
    """Return a digest of everything below a folder, by path; `apart` are the parts of it that may change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(name == part or name.startswith(f"{part}/") for part in apart):
            continue
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "a folder" if path.is_dir() else "a device"
    return found


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return what is new, gone or changed, in words."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            what = "new" if name not in before else "gone" if name not in after else "changed"
            lines.append(f"{what}: {name}")
    return lines


def check_ended_well(ended: Ended, allowed: Iterable[int] = (0, 1, 2, 3, 4)) -> None:
    """Check that a command ended with a message and an exit code of the contract.

    Raises:
        Died: it ended with a traceback, by a signal, or with a code of another meaning.
    """
    if ended.code not in allowed or ended.code == _BUG or "Traceback (most recent call last)" in ended.err:
        raise Died(f"exit code {ended.code}; expected: one of {sorted(allowed)}\n{ended.err[-3000:]}{ended.out[-500:]}")
    if ended.code and not (ended.err or ended.out).strip():
        raise Died(f"exit code {ended.code} without a word\n{ended.err[-2000:]}")


def check_none_runs(sandbox: Sandbox) -> None:
    """Check that no process of a case runs any more.

    Raises:
        Died: names them.
    """
    left = sandbox.running()
    if left:
        raise Died("processes of ours go on running: " + "; ".join(left))


def let_two_hours_pass(folder: Path) -> None:
    """Make everything below a folder two hours old: then what a killed run left is nobody's any more."""
    then = time.time() - TWO_HOURS
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            os.utime(path, (then, then))
