"""A user's model YAML on disk."""

from __future__ import annotations

from pathlib import Path

from yolopatch.core.model.cfg_file import CfgFile, parse_cfg
from yolopatch.core.text import is_utf16
from yolopatch.errors import UsageError

_ZIP = b"PK\x03\x04"


def find_cfg(named: Path, workspace: Path) -> Path:
    """Return the path of a model YAML that a user names: from the current folder, else from the workspace.

    Raises:
        UsageError: neither place has the file; the error names both.
    """
    places = [named, *([] if named.is_absolute() else [workspace / named])]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise UsageError(
            f"no model YAML {named}",
            details=list(
                dict.fromkeys(f"looked for: {one.absolute()}" + " (a folder)" * one.is_dir() for one in places)
            ),
            hint="write one with yolopatch render-cfg, or name another with its folder",
        )
    return found


def read_cfg(path: Path) -> CfgFile:
    """Read a model YAML; bytes that are not UTF-8 are replaced; upstream ignores them.

    Raises:
        UsageError: the file does not exist, is not a model YAML, or has a number that no model has.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist", hint="write a model YAML with yolopatch render-cfg")
    content = path.read_bytes()
    if is_utf16(content):
        raise UsageError(
            f"{path} is UTF-16 text, as PowerShell writes it, and upstream reads UTF-8",
            hint="save it as UTF-8 in your editor",
        )
    if content.startswith(_ZIP):
        raise UsageError(
            f"{path} is not a model YAML",
            details=[
                "expected: nc, backbone and head, each with its value",
                "found:    an archive, as checkpoints are",
            ],
            hint="name the YAML of its model, or write one with yolopatch render-cfg",
        )
    found = parse_cfg(content.decode("utf-8", "replace"), path)
    found.check_numbers()
    return found
