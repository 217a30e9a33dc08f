"""`yolopatch` without a command."""

from __future__ import annotations

from pathlib import Path

from yolopatch.cli import report
from yolopatch.cli.here import words


def show_here(as_json: bool) -> None:
    """Print where the user is, and the next sensible command."""
    from yolopatch.steps.here.here import look_here

    found = look_here(Path.cwd())
    report.show(found.data(), words.here(found), as_json)
