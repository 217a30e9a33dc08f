"""A user's model YAML on disk."""

from __future__ import annotations

from pathlib import Path

from yolopatch.core.model.cfg_file import CfgFile, parse_cfg
from yolopatch.errors import UsageError


def read_cfg(path: Path) -> CfgFile:
    """Read a model YAML; bytes that are not UTF-8 are replaced; upstream ignores them.

    Raises:
        UsageError: the file does not exist, or is not a model YAML.
    """
    if not path.is_file():
        raise UsageError(f"{path} does not exist", hint="write a model YAML with yolopatch render-cfg")
    return parse_cfg(path.read_text(encoding="utf-8", errors="replace"), path)
