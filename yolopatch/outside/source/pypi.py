"""Fetch a pin's wheel with the user's own pip: their index, mirror and proxy; nothing of it is run."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from packaging.version import Version

from yolopatch.catalog.pins import WheelSource
from yolopatch.errors import SourceError

TIMEOUT = 300  # seconds; the wheels have 1 MB, so this bounds a hung mirror, not a slow one


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
    if done.returncode or not found:
        raise SourceError(f"pip download {wanted} failed", details=_said(done))
    return found[0]


def list_versions(project: str) -> list[str]:
    """Return the released versions that pip's package index has, oldest first.

    Raises:
        SourceError: it has none, or cannot be asked.
    """
    done = _pip(["index", "versions", project], Path(sys.prefix))
    said = re.search(r"^Available versions: (.+)$", done.stdout, re.MULTILINE)
    if done.returncode or said is None:
        raise SourceError(f"pip does not say which versions of {project} there are", details=_said(done))
    return [str(version) for version in sorted(map(Version, said[1].split(", ")))]


def _pip(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *words, "--no-input", "--disable-pip-version-check"]
    try:
        return subprocess.run(
            command,
            cwd=folder,  # not the user's, whose files `-m` would import before the library's
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"pip {' '.join([words[0], words[-1]])} did not end in {TIMEOUT} s") from error


def _said(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")][-3:]


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
