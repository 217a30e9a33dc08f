"""A user's model YAML on disk."""

from __future__ import annotations

from pathlib import Path

from yolopatch.core.model.cfg_file import CfgFile, parse_cfg
from yolopatch.errors import UsageError


def read_cfg(path: Path) -> CfgFile:
    """Read a model YAML; bytes that are no UTF-8 are replaced, as upstream ignores them.

    Raises:
        UsageError: the path names no file, or no model YAML.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}", hint="write one with yolopatch render-cfg")
    return parse_cfg(path.read_text(encoding="utf-8", errors="replace"), path)
