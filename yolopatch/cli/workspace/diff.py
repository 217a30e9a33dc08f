"""`yolopatch diff`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from yolopatch.cli import options, report


@click.command("diff", epilog="Example: yolopatch diff my-yolo --module DSConv > dsconv.patch")
@options.workspace
@click.option("--module", metavar="NAME", help="Show only this module's diff, which applies to the unchanged pin.")
@click.option("--compat", is_flag=True, help="Show only the fixes for newer libraries.")
@click.option("--seeds", is_flag=True, help="Show only the patch for the workers' seed.")
@options.as_json
def command(workspace: Path, module: str | None, compat: bool, seeds: bool, as_json: bool) -> None:
    """Show the diff between the pin and a workspace (default: the current folder)."""
    from yolopatch.steps.workspace.diff import diff

    found = diff(workspace, module, compat, seeds)
    report.show_text(asdict(found), found.diff, as_json)
