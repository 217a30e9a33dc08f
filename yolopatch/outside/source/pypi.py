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
from yolopatch.core.text import hide_passwords
from yolopatch.errors import SourceError
from yolopatch.outside.child.group import Limits, end_group, start_group, temporary_in
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.system_errors import advice, error_named_in
from yolopatch.outside.source.pip_log import CHECK_INDEX, OTHER_INDEX, Cause, find_causes, last_address

TIMEOUT = 300  # seconds; a wheel has 1 MB, so only a mirror that hangs needs longer
# A mirror may send a wheel or an index page without an end. pip itself needs 0.3 GB, and 0.1 GB with a page of 1 MB.
LIMITS = Limits(file=64 * 1024**2, memory=1024**3)
_SHOWN = 3  # of pip's last lines, and of the causes that its log names


class NotListedError(SourceError):
    """The package index can be reached, and has no wheel of this version."""


def download(wheel: WheelSource, folder: Path) -> Path:
    """Download the wheel into the folder and return its path. The caller checks the content.

    Raises:
        NotListedError: the index has no such wheel.
        SourceError: pip is missing, failed or took too long; `details` has why, or the last lines of its output.
    """
    return download_version(wheel.project, wheel.version, folder)


def download_version(project: str, version: str, folder: Path) -> Path:
    """Download the wheel of a version without a known sha256, in the same way as `download`."""
    wanted = f"{project}=={version}"
    # what Python a release asks for is said of those that install it; here it is read
    options = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--dest", str(folder)]
    done = _pip(["download", "--quiet", *options, "--", wanted], folder)
    if done.went_over:
        raise SourceError(
            f"pip download {wanted} was stopped: the package index sends more than {done.went_over}",
            details=["expected: a wheel of about 1 MB"],
            hint=CHECK_INDEX,
        )
    found = sorted(folder.glob("*.whl"))
    if done.code or not found:
        raise done.failure(f"pip download {wanted} failed")
    return found[0]


def list_versions(project: str) -> list[str]:
    """Return the versions of a project in pip's package index, oldest first.

    Raises:
        SourceError: the index has none, or cannot be reached.
    """
    with temporary_folder() as folder:
        done = _pip(["index", "versions", "--ignore-requires-python", "--", project], folder)
    found = re.search(r"^Available versions: (.+)$", done.out, re.MULTILINE)
    if done.code or found is None:
        raise done.failure(f"pip does not list the versions of {project}")
    return [str(version) for version in sorted(map(Version, found[1].split(", ")))]


@dataclass(frozen=True)
class _Done:
    """A pip command that has ended: its exit code, its output, and why it failed, as far as its log says it."""

    code: int
    out: str
    err: str
    causes: tuple[Cause, ...]

    @property
    def went_over(self) -> str:
        """The limit that ended it, in words; "" for another end."""
        if os.strerror(errno.EFBIG) in self.err:
            return f"{LIMITS.file // 1024**2} MB for a file"
        return f"{LIMITS.memory // 1024**3} GB of memory can hold" if "MemoryError" in self.err else ""

    def failure(self, what: str) -> SourceError:
        """Return the error of a command that failed."""
        causes = self.causes[:_SHOWN]
        if causes:
            return SourceError(what, details=[cause.what for cause in causes], hint=causes[0].hint)
        lines = [line for line in self.err.splitlines() if line.strip() and not line.startswith("WARNING")]
        kind = NotListedError if "No matching distribution" in self.err else SourceError
        return kind(what, details=lines[-_SHOWN:], hint=advice(error_named_in(lines)))


def _pip(words: list[str], folder: Path) -> _Done:
    # what pip leaves there when it is killed goes with the folder
    with tempfile.TemporaryDirectory(prefix="pip-", dir=folder) as temporary:
        return _run(words, Path(temporary))


def _run(words: list[str], folder: Path) -> _Done:
    log = folder / "log"
    process = start_group(
        [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "--log", str(log), *words],
        folder=folder,  # not the user's folder: `-m` would import the files there before the installed packages
        variables={**os.environ, **temporary_in(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        ends_with_us=True,
        limits=LIMITS,
    )
    try:
        out, err = process.communicate(timeout=TIMEOUT)
        return _Done(process.returncode, _text(out), hide_passwords(_text(err)), find_causes(_read(log)))
    except subprocess.TimeoutExpired as error:
        address = last_address(_read(log))
        raise SourceError(
            f"pip {' '.join([words[0], words[-1]])} did not end in {TIMEOUT} s",
            details=[f"{address} had not answered to the end by then"] if address else [],
            hint=f"try it again later, or {OTHER_INDEX}",
        ) from error
    finally:
        end_group(process)


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")


def _read(log: Path) -> str:
    """Return pip's log, "" where it had not begun one."""
    return _text(log.read_bytes()) if log.is_file() else ""


def check_wheel(path: Path, wheel: WheelSource, *, downloaded: bool = False) -> None:
    """Check that a wheel is the pin's; one that was just downloaded is gone before the user could look at it.

    Raises:
        SourceError: its sha256 differs.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != wheel.sha256:
        raise SourceError(
            f"{'what the index sends' if downloaded else path} is not the pin's wheel {wheel.project} {wheel.version}",
            details=[f"expected: sha256 {wheel.sha256}", f"found:    sha256 {found}"],
            hint=CHECK_INDEX if downloaded else f"get it with: pip download --no-deps {wheel.project}=={wheel.version}",
        )
