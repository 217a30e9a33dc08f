"""The release of a real pin is found in forks that somebody's editor, formatter or translator went over."""

from __future__ import annotations

import io
import subprocess
import sys
import tokenize
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from yolopatch.core.fork.identify import identify
from yolopatch.outside.source.bases import load_index

INIT, LOSS, TRAINER = "ultralytics/__init__.py", "ultralytics/utils/loss.py", "ultralytics/engine/trainer.py"
Files = Mapping[str, bytes]


def _code(files: Files, change: Callable[[bytes], bytes]) -> dict[str, bytes]:
    return {path: change(data) if path.endswith((".py", ".yaml")) else data for path, data in files.items()}


def _with_windows_lines(files: Files) -> dict[str, bytes]:
    return _code(files, lambda data: data.replace(b"\n", b"\r\n"))


def _translated(files: Files) -> dict[str, bytes]:
    """Put a Chinese comment in the place of each comment of the Python files."""
    return {path: _commented(data) if path.endswith(".py") else data for path, data in files.items()}


def _commented(data: bytes) -> bytes:
    lines = data.decode().split("\n")
    for token in tokenize.tokenize(io.BytesIO(data).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column] + "# \u5377\u79ef"
    return "\n".join(lines).encode()


def _formatted(files: Files, folder: Path) -> dict[str, bytes]:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    style = ["--isolated", "--line-length", "70", "--config", "format.quote-style = 'single'"]
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "format", *style, str(folder)], check=True, capture_output=True)
    return {path: (folder / path).read_bytes() for path in files}


def _says(files: Files, version: str) -> dict[str, bytes]:
    lines = files[INIT].split(b"\n")
    said = [f'__version__ = "{version}"'.encode() if line.startswith(b"__version__") else line for line in lines]
    return {**files, INIT: b"\n".join(said)}


@pytest.mark.more
def test_a_fork_in_every_disguise_at_once(package, fork, tmp_path):
    """Formatted, translated, with line ends of Windows, another version, a changed loss and a later trainer."""
    pin = package("ultralytics-8.2.50")
    files = _with_windows_lines(_translated(_formatted(pin, tmp_path)))
    files = _says({**files, TRAINER: package("ultralytics-8.3.0")[TRAINER]}, "8.3.9")
    files[LOSS] = files[LOSS].replace(b"CIoU=True", b"GIoU=True")
    files["ultralytics/nn/own.py"] = b"x = 1\n"
    (found, *_) = identify(fork(files, "8.3.9"), load_index("ultralytics"))
    assert (found.release, found.said) == ("8.2.50", "8.3.9")
    assert (found.changed, found.added, found.missing) == (3, 1, 0)  # the version, the loss, the trainer
    ((other, count),) = found.others
    assert (other.startswith("8.3."), count) == (True, 1)


@pytest.mark.slow
@pytest.mark.parametrize("disguise", ["lines", "comments", "format", "version", "pruned"])
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", "ultralytics-8.3.0", "ultralytics-8.4.0"])
def test_a_fork_in_one_disguise_is_its_release(pin, disguise, package, fork, tmp_path):
    files = package(pin)
    if disguise == "pruned":  # students leave out what they do not need
        kept = {path: data for path, data in files.items() if "/nn/" in path or path.endswith(("loss.py", "tal.py"))}
        files = {**kept, INIT: files[INIT]}
    made = {
        "lines": _with_windows_lines,
        "comments": _translated,
        "format": lambda one: _formatted(one, tmp_path),
        "version": lambda one: _says(one, "8.0.0"),
    }.get(disguise, dict)(files)
    version = pin.removeprefix("ultralytics-")
    said = "8.0.0" if disguise == "version" else version
    (found, *_) = identify(fork(made, said), load_index("ultralytics"))
    assert (found.release, found.changed, found.added, found.others) == (version, said != version, 0, ())
