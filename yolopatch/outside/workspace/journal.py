"""The journal of a switch: a file in the workspace's .git, from the first change to the last."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.plain_json import load_json
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
    journal_file(workspace).write_text(json.dumps({"from": journal.old, "to": journal.new}), encoding="utf-8")


def read_journal(workspace: Path) -> Journal | None:
    """Return the workspace's journal, None if yolopatch was killed while writing it, or somebody else wrote it."""
    try:
        states = load_json(journal_file(workspace).read_bytes())
    except ValueError:
        return None
    if not isinstance(states, dict) or states.keys() != {"from", "to"}:
        return None
    journal = Journal(states["from"], states["to"])
    return journal if _is_commit(journal.new) and (journal.old is None or _is_commit(journal.old)) else None


def _is_commit(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{40}", value) is not None
