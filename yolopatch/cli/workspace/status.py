"""`yolopatch status`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.workspace import words as workspaces


@click.command("status", epilog="Example: yolopatch status my-yolo")
@options.workspace
@options.as_json
def command(workspace: Path, as_json: bool) -> None:
    """Show what a workspace contains (default: the current folder).

    This lists the pin and its source, the modules and fixes, the commit id to
    cite, and your own edits, commits and branch.
    """
    from yolopatch.steps.workspace.status import status

    found = status(workspace)
    report.show(found.data(), workspaces.status(found), as_json)
