"""The journal of a switch: it lies in the workspace's .git from the first change to the last."""

from __future__ import annotations

import json
from pathlib import Path

from yolopatch.outside.workspace.workspace import JOURNAL


def journal_file(path: Path) -> Path:
    """Return where the journal of the workspace at this path lies, if there is one."""
    return path / ".git" / JOURNAL


def write_journal(path: Path, old: str | None, new: str) -> None:
    """Write from which commit (None: from nothing) to which one the workspace is switched."""
    journal_file(path).write_text(json.dumps({"from": old, "to": new}))


def read_journal(journal: Path) -> dict | None:
    """Return the commits `from` and `to`, or None if the journal was cut short while it was written."""
    try:
        states = json.loads(journal.read_text())
    except ValueError:
        return None
    return states if isinstance(states, dict) and states.keys() == {"from", "to"} else None
