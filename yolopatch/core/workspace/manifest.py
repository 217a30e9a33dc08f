"""A pin's manifest: the git blob id that each file of the upstream package must have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from yolopatch.catalog.pins import Pin
from yolopatch.errors import SourceError

_BLOB = 40  # characters of a blob's id
_LINE = re.compile(rf"[0-9a-f]{{{_BLOB}}} .+")


@dataclass(frozen=True)
class Difference:
    """A file that differs from the pin; `found` is None if the file is missing."""

    path: str
    expected: str
    found: str | None

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected[:12]}, found {(self.found or 'no such file')[:12]}"


def parse_manifest(text: str) -> dict[str, str]:
    """Return blob ids by path from a manifest's lines `<blob id> <path>`.

    Raises:
        ValueError: it has another line, or none.
    """
    lines = [line for line in text.split("\n") if line]
    wrong = next((line for line in lines if not _LINE.fullmatch(line)), None)
    if wrong is not None or not lines:
        raise ValueError(f"found: {repr(wrong[:80]) if wrong else 'no line'}")
    return {line[_BLOB + 1 :]: line[:_BLOB] for line in lines}


def format_manifest(blobs: Mapping[str, str]) -> str:
    """Return the text of a manifest, sorted by path."""
    return "".join(f"{blobs[path]} {path}\n" for path in sorted(blobs))


def check_content(pin: Pin, manifest: Mapping[str, str], found: Mapping[str, str], where: str) -> tuple[str, ...]:
    """Check a tree's blob ids against the pin's manifest.

    Returns:
        warnings, one for each difference in a file that no patch and not the parser depends on.

    Raises:
        SourceError: a file differs that a patch changes, or that has the parser or the modules.
    """
    differences = [
        Difference(path, blob, found.get(path)) for path, blob in manifest.items() if found.get(path) != blob
    ]
    critical = [d for d in differences if pin.layout.is_critical(d.path)]
    if critical:
        raise SourceError(
            f"{where} is not {pin.name}: {critical[0].path} differs",
            details=[str(d) for d in critical[:8]] + _more(len(critical) - 8),
            hint="use an unchanged copy of exactly this version, or leave out --source",
        )
    return tuple(f"{where} differs from {pin.name} in {d}" for d in differences)


def _more(count: int) -> list[str]:
    return [f"and {count} more"] if count > 0 else []
