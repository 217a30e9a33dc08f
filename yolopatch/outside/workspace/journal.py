"""The journal of a switch: a file in the workspace's .git, from the first change to the last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from yolopatch.outside.workspace.workspace import JOURNAL


@dataclass(frozen=True)
class Journal:
    """From which commit (None: a new workspace) to which commit a workspace is switched."""

    old: str | None
    new: str


def journal_file(workspace: Path) -> Path:
    """Return the path of the workspace's journal; the file exists only during a switch."""
    return workspace / ".git" / JOURNAL


def write_journal(workspace: Path, journal: Journal) -> None:
    """Write the workspace's journal, before the first change."""
    journal_file(workspace).write_text(json.dumps({"from": journal.old, "to": journal.new}))


def read_journal(workspace: Path) -> Journal | None:
    """Return the workspace's journal, None if yolopatch was killed while writing it."""
    try:
        states = json.loads(journal_file(workspace).read_text())
    except ValueError:
        return None
    is_whole = isinstance(states, dict) and states.keys() == {"from", "to"}
    return Journal(states["from"], states["to"]) if is_whole else None
