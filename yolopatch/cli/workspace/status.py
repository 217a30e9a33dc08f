"""`yolopatch status`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.workspace import words as workspaces


@click.command("status", epilog="Example: yolopatch status my-yolo")
@options.workspace
@options.as_json
def command(workspace: Path, as_json: bool) -> None:
    """Say what a workspace holds (default: this folder).

    The pin, where it came from, the modules and mends, the commit to cite, and
    what of yours is there: edits, commits, a branch.
    """
    from yolopatch.steps.workspace.status import status

    found = status(workspace)
    report.show(asdict(found), workspaces.status(found), as_json)
