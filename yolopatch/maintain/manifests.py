"""Write a pin's manifest from its verified source: the wheel, or else the tag."""

from __future__ import annotations

from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import manifest_file
from yolopatch.core.workspace.manifest import format_manifest
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.fetch import fillers


def write_manifest(pin: Pin) -> str:
    """Fetch the pin, write its manifest, and return how many files the manifest lists."""
    with temporary_folder() as folder:
        repository = snapshot.create(folder / "pin.git")
        available = fillers(pin)
        (available.get("pypi") or available["git"])(repository)
        prefix = f"{pin.layout.package}/" if pin.layout.package else ""
        blobs = {p: b for p, b in snapshot.tree_blobs(repository).items() if p.startswith(prefix)}
    manifest_file(pin.name).parent.mkdir(exist_ok=True)
    manifest_file(pin.name).write_text(format_manifest(blobs))
    return f"{len(blobs)} files"
