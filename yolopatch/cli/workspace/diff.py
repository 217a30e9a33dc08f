"""`yolopatch diff`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from yolopatch.cli import options, report


@click.command("diff", epilog="Example: yolopatch diff my-yolo --module DSConv | git apply --check -")
@options.workspace
@click.option("--module", help="Only this module's diff, as it applies to the pin alone.")
@click.option("--compat", is_flag=True, help="Only the mends for newer libraries.")
@options.as_json
def command(workspace: Path, module: str | None, compat: bool, as_json: bool) -> None:
    """Show the unified diff of a workspace against its pin (default: this folder)."""
    from yolopatch.steps.workspace.diff import diff

    found = diff(workspace, module, compat)
    report.show_text(asdict(found), found.diff, as_json)
