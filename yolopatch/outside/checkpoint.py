"""Checkpoints: looked into without running anything of them, or loaded in a child process by upstream's own code."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.pins import Pin
from yolopatch.errors import YolopatchError
from yolopatch.outside.child import last_lines
from yolopatch.outside.probe import PROBE, TIMEOUT, exchange, requirements_hint, style_of

_PATIENCE = 60  # seconds to look into one; it takes a tenth of one, and a cold disk a few


@dataclass(frozen=True)
class Contents:
    """What a checkpoint tells of itself.

    Attributes:
        stamp: what is under the stamp's key, None where it has none; anybody may have written it.
        asked: `module.name` of all that loading it would import.
        version: what it says of upstream's version, None where it says nothing.
        model: whether it holds a model, and not tensors alone.
        sum: sha256 of the bytes that say all this.
    """

    stamp: object
    asked: tuple[str, ...]
    version: str | None
    model: bool
    sum: str


@dataclass(frozen=True)
class Loaded:
    """A checkpoint's model, as upstream's own loader gave it.

    Attributes:
        model: the name of its class.
        layers, parameters: as upstream counts them.
        classes: the names of what it detects or tells apart.
        not_finite: the tensors with NaN or infinite values.
    """

    model: str
    layers: int
    parameters: int
    classes: tuple[str, ...]
    not_finite: tuple[str, ...]


def look_into(file: Path) -> Contents:
    """Read what the checkpoint tells of itself, in a child process that imports nothing but Python's own library.

    Raises:
        YolopatchError: there is no such file, or it is no checkpoint.
    """
    if not file.is_file():
        there = "is a folder" if file.is_dir() else "is no file" if file.exists() else "does not exist"
        raise YolopatchError(f"{file} {there}", hint="name a checkpoint that a training saved: best.pt")
    told = _told(file)
    if "trouble" in told:
        raise YolopatchError(
            f"{file} is no checkpoint of upstream's", details=[told["trouble"]], hint="name best.pt or last.pt of a run"
        )
    return Contents(**{**told, "asked": tuple(told["asked"])})


def _told(file: Path) -> dict:
    # isolated: neither the user's variables nor their folder decide what is imported
    command = [sys.executable, "-I", "-B", str(PROBE / "stamped.py"), str(file.absolute())]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise _unreadable(file, f"reading it did not end in {_PATIENCE} s") from error
    if done.returncode:
        words = last_lines(done.stderr.decode("utf-8", "replace"))
        raise _unreadable(file, *(words[-1:] or [f"reading it ended with exit code {done.returncode}"]))
    return json.loads(done.stdout)


def _unreadable(file: Path, *why: str) -> YolopatchError:
    return YolopatchError(
        f"{file} cannot be looked into", details=why, hint="the file is damaged, or made to do harm: do not load it"
    )


def load_checkpoint(file: Path, pickle_sum: str, workspace: Path, pin: Pin, python: str) -> Loaded:
    """Load the checkpoint in the workspace by upstream's own loader, in a child process. This runs code of the file's.

    Args:
        file: the checkpoint.
        pickle_sum: what `look_into` said of it; another content is not loaded.
        workspace: whose upstream is imported.
        pin: the workspace's.
        python: the interpreter that has upstream's requirements.

    Raises:
        YolopatchError: it could not be loaded; the child's last words are in `details`.
    """
    with tempfile.TemporaryDirectory(prefix="yolopatch-load-") as folder:
        # upstream takes no other ending, and reads quotes and blanks in a name in its own way
        link = Path(folder) / "checkpoint.pt"
        link.symlink_to(file.absolute())
        request = {
            "task": "load",
            "workspace": str(workspace),
            "style": style_of(pin),
            "file": str(link),
            "sum": pickle_sum,
        }
        told = exchange(request, python, None, TIMEOUT, lambda code, output: _failed(file, workspace, python, output))
    fields = {name: tuple(told[name]) for name in ("classes", "not_finite")}
    return Loaded(model=told["model"], layers=told["layers"], parameters=told["parameters"], **fields)


def _failed(file: Path, workspace: Path, python: str, output: str) -> YolopatchError:
    lines = last_lines(output)
    hint = "the lines above are upstream's own"
    if any("No module named" in line for line in lines):
        hint = requirements_hint(python)
    return YolopatchError(f"{file} could not be loaded in {workspace}, which is restored", details=lines, hint=hint)
