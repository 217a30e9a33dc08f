"""Which lines of a pin a patch replaces."""

from __future__ import annotations

from unidiff import PatchSet


def replaced_lines(text: str) -> dict[str, dict[int, str]]:
    """Return the lines that a patch takes out, by path and by number from 1 in the pin."""
    return {
        file.path: {line.source_line_no: line.value for hunk in file for line in hunk if line.is_removed}
        for file in PatchSet(text)
    }
