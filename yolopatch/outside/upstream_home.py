"""Where a workspace's upstream keeps its settings, and the environment in which its code runs on its own behalf."""

from __future__ import annotations

from pathlib import Path

from yolopatch.outside.interpreter import Interpreter
from yolopatch.outside.probe import child_environment


def upstream_home(workspace: Path) -> Path:
    """Return the workspace's own settings folder: it never shows as untracked, and goes with the workspace."""
    return workspace / ".git" / "yolopatch" / "settings"


def upstream_environment(workspace: Path, interpreter: Interpreter) -> dict[str, str]:
    """Return the whole environment (os.environ and ours) in which upstream's code runs from this workspace.

    Its settings folder is made, with a font in it.
    """
    return child_environment(upstream_home(workspace), interpreter.executable)
