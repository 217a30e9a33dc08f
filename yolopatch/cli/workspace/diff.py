"""`yolopatch diff`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.catalog.environment.fix_patches import FixPatch
from yolopatch.cli import options, report, suggest


@click.command("diff", epilog="Example: yolopatch diff my-yolo --module DSConv > dsconv.patch")
@options.workspace
@click.option(
    "--module",
    shell_complete=suggest.modules,
    metavar="NAME",
    help="Show only this module's diff, which applies to the unchanged pin.",
)
@options.fix_patches(lambda patch: f"Show only {patch.short}.")
@options.as_json
def command(workspace: Path, module: str | None, fix_patches: tuple[FixPatch, ...], as_json: bool) -> None:
    """Show the diff between the pin and a workspace (default: the current folder)."""
    from yolopatch.steps.workspace.diff import diff

    found = diff(workspace, module, fix_patches)
    report.show_text(found.data(), found.diff, as_json)
