"""Read the manifest of a pin."""

from __future__ import annotations

from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import manifest_file
from yolopatch.core.workspace.manifest import parse_manifest
from yolopatch.errors import SourceError


def read_manifest(pin: Pin) -> dict[str, str]:
    """Return the git blob id that each file of the pin must have, by path.

    Raises:
        SourceError: a pin of the user's own catalog has no manifest there that can be read.
    """
    file = manifest_file(pin.name)
    try:
        return parse_manifest(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as error:
        found = str(error) if isinstance(error, ValueError) else "found: no such file"
        raise SourceError(
            f"{file} is not the manifest of {pin.name}",
            details=["expected: lines with the blob id of a file and its path", found],
            hint=_again(pin) if pin.home else "install yolopatch again; in a git clone: make manifests",
        ) from error


def _again(pin: Pin) -> str:
    """Return the command that makes the entry of a ported pin again."""
    release = f"{pin.wheel.project}=={pin.wheel.version}" if pin.wheel else pin.git and (pin.git.tag or pin.git.commit)
    return f"make it again: yolopatch port --to {release or 'PATH'} --save"
