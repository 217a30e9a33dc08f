"""Fetch a pin's wheel with the user's own pip: their index, mirror and proxy; nothing of it is run."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

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
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", *quiet, *options, wanted]
    try:
        done = subprocess.run(
            command,
            cwd=folder,  # not the user's, whose files `-m` would import before the library's
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"pip download {wanted} did not end in {TIMEOUT} s") from error
    found = sorted(folder.glob("*.whl"))
    if done.returncode or not found:
        words = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        raise SourceError(f"pip download {wanted} failed", details=words[-3:])
    return found[0]


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
