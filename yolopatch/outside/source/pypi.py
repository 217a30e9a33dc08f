"""Download wheels with the user's pip, so with their index, mirror and proxy. Nothing in a wheel is run."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from yolopatch.catalog.pins import WheelSource
from yolopatch.errors import SourceError
from yolopatch.outside.child.group import Limits, end_group, start_group, temporary_in

TIMEOUT = 300  # seconds; a wheel has 1 MB, so only a mirror that hangs needs longer
# A mirror may send a wheel or an index page without an end. pip itself needs 0.3 GB, and 0.1 GB with a page of 1 MB.
LIMITS = Limits(file=64 * 1024**2, memory=1024**3)
_SHOWN = 3  # of pip's last lines


def download(wheel: WheelSource, folder: Path) -> Path:
    """Download the wheel into the folder and return its path. The caller checks the content.

    Raises:
        SourceError: pip is missing, failed or took too long; the last lines of its output are in `details`.
    """
    return download_version(wheel.project, wheel.version, folder)


def download_version(project: str, version: str, folder: Path) -> Path:
    """Download the wheel of a version without a known sha256, in the same way as `download`."""
    wanted = f"{project}=={version}"
    options = ["--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    done = _pip(["download", "--quiet", *options, "--", wanted], folder)
    if done.went_over:
        raise SourceError(
            f"pip download {wanted} was stopped: the package index sends more than {done.went_over}",
            details=["expected: a wheel of about 1 MB"],
            hint="check the package index of pip: pip config list",
        )
    found = sorted(folder.glob("*.whl"))
    if done.code or not found:
        raise SourceError(f"pip download {wanted} failed", details=done.errors)
    return found[0]


def list_versions(project: str) -> list[str]:
    """Return the versions of a project in pip's package index, oldest first.

    Raises:
        SourceError: the index has none, or cannot be reached.
    """
    with tempfile.TemporaryDirectory(prefix="yolopatch-") as folder:
        done = _pip(["index", "versions", "--", project], Path(folder))
    found = re.search(r"^Available versions: (.+)$", done.out, re.MULTILINE)
    if done.code or found is None:
        raise SourceError(f"pip does not list the versions of {project}", details=done.errors)
    return [str(version) for version in sorted(map(Version, found[1].split(", ")))]


@dataclass(frozen=True)
class _Done:
    """A pip command that has ended: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def went_over(self) -> str:
        """The limit that ended it, in words; "" for another end."""
        if os.strerror(errno.EFBIG) in self.err:
            return f"{LIMITS.file // 1024**2} MB for a file"
        return f"{LIMITS.memory // 1024**3} GB of memory can hold" if "MemoryError" in self.err else ""

    @property
    def errors(self) -> list[str]:
        """The last lines of its error output, without warnings."""
        lines = [line for line in self.err.splitlines() if line.strip() and not line.startswith("WARNING")]
        return lines[-_SHOWN:]


def _pip(words: list[str], folder: Path) -> _Done:
    process = start_group(
        [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", *words],
        folder=folder,  # not the user's folder: `-m` would import the files there before the installed packages
        variables={**os.environ, **temporary_in(folder)},  # what it leaves there when it is killed goes with the folder
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        ends_with_us=True,
        limits=LIMITS,
    )
    try:
        out, err = process.communicate(timeout=TIMEOUT)
        return _Done(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"pip {' '.join([words[0], words[-1]])} did not end in {TIMEOUT} s") from error
    finally:
        end_group(process)


def check_wheel(path: Path, wheel: WheelSource) -> None:
    """Check that a wheel is the pin's.

    Raises:
        SourceError: its sha256 differs.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != wheel.sha256:
        raise SourceError(
            f"{path} is not the pin's wheel {wheel.project} {wheel.version}",
            details=[f"expected: sha256 {wheel.sha256}", f"found:    sha256 {found}"],
            hint=f"get it with: pip download --no-deps {wheel.project}=={wheel.version}",
        )
