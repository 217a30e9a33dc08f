"""`yolopatch remove`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.catalog.environment.fix_patches import FixPatch
from yolopatch.cli import options, report, suggest
from yolopatch.cli.workspace import words as workspaces
from yolopatch.errors import EXIT_CONFLICT


@click.command("remove", epilog="Example: yolopatch remove --module DSConv my-yolo")
@click.option(
    "--module",
    "modules",
    multiple=True,
    shell_complete=suggest.modules,
    metavar="NAME",
    help="A module to remove. Repeatable.",
)
@options.fix_patches(lambda patch: f"Remove {patch.short}.")
@options.into
@options.workspace
@options.as_json
def command(
    modules: tuple[str, ...], fix_patches: tuple[FixPatch, ...], into: str | None, workspace: Path, as_json: bool
) -> int:
    """Remove modules, or the fixes, from a workspace (default: the current folder).

    The workspace is built again without them, so nothing of them is left.
    Your own commits are replayed on it. Exit code 3: one of them conflicts, and
    nothing was changed; --into leaves a branch.
    """
    from yolopatch.steps.workspace.remove import remove

    state = remove(modules, workspace, fix_patches, into)
    report.show_notes(state.notes)
    report.show(state.data(), workspaces.state(state), as_json)
    return EXIT_CONFLICT if state.stopped else 0
