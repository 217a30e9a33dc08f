"""The record of the last `verify` of a workspace, in its .git: git does not show it, and a copy takes it along."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.core.plain_json import load_json
from yolopatch.outside.files.staging import write_whole
from yolopatch.wire.statuses import FAIL, PASS

_FILE = "yolopatch-verified.json"
_MOST_BYTES = 64 * 1024
_TEXTS = ("verdict", "cfg", "scale", "commit", "date")


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
    except (OSError, ValueError):
        return None
    if not isinstance(says, dict) or says.keys() != LastVerdict.__dataclass_fields__.keys():
        return None
    return LastVerdict(**{**says, "failed": tuple(says["failed"])}) if _is_plain(says) else None


def _is_plain(says: dict[str, object]) -> bool:
    failed, numbers = says["failed"], (says["ran"], says["of"])
    return (
        all(isinstance(says[name], str) for name in _TEXTS)
        and says["verdict"] in (PASS, FAIL)
        and isinstance(failed, list)
        and all(isinstance(one, str) for one in failed)
        and all(isinstance(one, int) for one in numbers)
        and isinstance(says["edited"], bool)
    )


def _file(workspace: Path) -> Path:
    return workspace / ".git" / _FILE
