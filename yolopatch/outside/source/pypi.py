"""Fetch a pin's wheel with the user's own pip: their index, mirror and proxy; nothing of it is run."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from yolopatch.catalog.pins import WheelSource
from yolopatch.errors import SourceError
from yolopatch.outside.child.group import end_group, start_group

TIMEOUT = 300  # seconds; the wheels have 1 MB, so this bounds a hung mirror, not a slow one
_SHOWN = 3  # of pip's last lines


def download(wheel: WheelSource, folder: Path) -> Path:
    """Download the wheel into the folder and return its path; the content is the caller's to check.

    Raises:
        SourceError: pip is missing, failed or hung; its last words are in `details`.
    """
    return download_version(wheel.project, wheel.version, folder)


def download_version(project: str, version: str, folder: Path) -> Path:
    """Download the wheel of a version whose content nobody has told; as `download` does it."""
    wanted = f"{project}=={version}"
    options = ["--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    done = _pip(["download", "--quiet", *options, wanted], folder)
    found = sorted(folder.glob("*.whl"))
    if done.code or not found:
        raise SourceError(f"pip download {wanted} failed", details=done.errors)
    return found[0]


def list_versions(project: str) -> list[str]:
    """Return the released versions that pip's package index has, oldest first.

    Raises:
        SourceError: it has none, or cannot be asked.
    """
    done = _pip(["index", "versions", project], Path(sys.prefix))
    said = re.search(r"^Available versions: (.+)$", done.out, re.MULTILINE)
    if done.code or said is None:
        raise SourceError(f"pip does not say which versions of {project} there are", details=done.errors)
    return [str(version) for version in sorted(map(Version, said[1].split(", ")))]


@dataclass(frozen=True)
class _Done:
    """What pip did: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The last lines of its error output, without warnings."""
        lines = [line for line in self.err.splitlines() if line.strip() and not line.startswith("WARNING")]
        return lines[-_SHOWN:]


def _pip(words: list[str], folder: Path) -> _Done:
    process = start_group(
        [sys.executable, "-m", "pip", *words, "--no-input", "--disable-pip-version-check"],
        folder=folder,  # not the user's, whose files `-m` would import before the library's
        variables=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        ends_with_us=True,
    )
    try:
        out, err = process.communicate(timeout=TIMEOUT)
        return _Done(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"pip {' '.join([words[0], words[-1]])} did not end in {TIMEOUT} s") from error
    finally:
        end_group(process)


def check_wheel(path: Path, wheel: WheelSource) -> None:
    """Check the bytes of a wheel against the pin.

    Raises:
        SourceError: another sha256.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != wheel.sha256:
        raise SourceError(
            f"{path} is not the pin's wheel {wheel.project} {wheel.version}",
            details=[f"expected: sha256 {wheel.sha256}", f"found:    sha256 {found}"],
            hint=f"get it with: pip download --no-deps {wheel.project}=={wheel.version}",
        )
