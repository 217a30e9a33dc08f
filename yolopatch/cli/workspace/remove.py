"""`yolopatch remove`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.workspace import words as workspaces


@click.command("remove", epilog="Example: yolopatch remove --module DSConv my-yolo")
@click.option("--module", "modules", multiple=True, metavar="NAME", help="A module to remove. Repeatable.")
@click.option("--compat", is_flag=True, help="Remove the fixes for newer libraries.")
@options.workspace
@options.as_json
def command(modules: tuple[str, ...], compat: bool, workspace: Path, as_json: bool) -> None:
    """Remove modules, or the fixes, from a workspace (default: the current folder).

    The workspace is built again without them, so nothing of them is left.
    """
    from yolopatch.steps.workspace.remove import remove

    state = remove(modules, workspace, compat)
    report.show_notes(state.notes)
    report.show(state.data(), workspaces.state(state), as_json)
