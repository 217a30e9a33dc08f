"""The record of the last `verify` of a workspace, in its .git: git does not show it, and a copy takes it along."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from yolopatch.core.plain_json import load_json
from yolopatch.core.typed import require_types
from yolopatch.outside.files.staging import write_whole
from yolopatch.wire.statuses import FAIL, PASS

_FILE = "yolopatch-verified.json"
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class LastVerdict:
    """What the last `verify` of a workspace found.

    Attributes:
        verdict: `pass` or `fail`.
        cfg: the path of the model YAML.
        scale: a letter; "" for a file without scales; several with commas where every scale was checked.
        failed: the ids of the checks that failed.
        ran: how many checks ran.
        of: how many there are.
        commit: the id of the commit that was checked out.
        edited: whether tracked files differed from it.
        date: when, as ISO 8601 has it.
    """

    verdict: str
    cfg: str
    scale: str
    failed: tuple[str, ...]
    ran: int
    of: int
    commit: str
    edited: bool
    date: str


def write_verdict(workspace: Path, verdict: LastVerdict) -> None:
    """Write the record: the old one stays, or the new one is complete.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(_file(workspace), (json.dumps(asdict(verdict), indent=2) + "\n").encode())


def read_verdict(workspace: Path) -> LastVerdict | None:
    """Return the record; None where there is none, it cannot be read, or somebody else wrote it."""
    try:
        with _file(workspace).open("rb") as stream:
            says = load_json(stream.read(_MOST_BYTES))
        found = LastVerdict(**says)
        require_types(found)
    except (OSError, ValueError, TypeError):
        return None
    return replace(found, failed=tuple(found.failed)) if found.verdict in (PASS, FAIL) else None


def _file(workspace: Path) -> Path:
    return workspace / ".git" / _FILE
