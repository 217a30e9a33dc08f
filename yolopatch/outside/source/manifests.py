"""Read the manifest of a pin."""

from __future__ import annotations

from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import manifest_file
from yolopatch.core.workspace.manifest import parse_manifest


def read_manifest(pin: Pin) -> dict[str, str]:
    """Return the git blob id that each file of the pin must have, by path."""
    return parse_manifest(manifest_file(pin.name).read_text(encoding="utf-8"))
