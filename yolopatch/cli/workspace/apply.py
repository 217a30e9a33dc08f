"""`yolopatch apply`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.catalog.environment.fix_patches import FixPatch
from yolopatch.cli import options, report, suggest
from yolopatch.cli.progress import progress_line
from yolopatch.cli.workspace import words as workspaces
from yolopatch.errors import EXIT_CONFLICT


@click.command(
    "apply",
    epilog="Example: yolopatch apply --repo ultralytics --module DSConv --dest my-yolo",
)
@click.option(
    "--repo",
    required=True,
    shell_complete=suggest.repos,
    metavar="NAME",
    help="An upstream (ultralytics or yolov5) or a pin (ultralytics-8.4.0).",
)
@click.option(
    "--module",
    "modules",
    multiple=True,
    shell_complete=suggest.modules,
    metavar="NAME",
    help="A module, or a class of it. Repeatable.",
)
@options.fix_patches(lambda patch: patch.adds)
@click.option("--update", is_flag=True, help="Take your own module from your catalog again, if it was replaced there.")
@options.flavor
@click.option("--assigner", is_flag=True, help="For a loss: also assign boxes to objects by it (ultralytics only).")
@click.option("--dest", type=click.Path(path_type=Path), help="The workspace folder.  [default: ./PIN]")
@options.into
@options.source
@options.as_json
def command(
    repo: str,
    modules: tuple[str, ...],
    fix_patches: tuple[FixPatch, ...],
    update: bool,
    flavor: str,
    assigner: bool,
    dest: Path | None,
    into: str | None,
    source: str,
    as_json: bool,
) -> int:
    """Add modules, or fixes for newer libraries, to a pinned upstream version.

    This creates a workspace, or changes the one at --dest. If --repo is an
    upstream and not a pin, the module's tutorial chooses the pin, else the
    newest pin is used. The same modules on the same source give the same
    commit id on every machine.

    A module of your own that the workspace has already stays as it is there,
    whatever your catalog has today. --update takes the catalog's.

    Your own commits in a workspace are replayed on the new ones. Exit code 3:
    one of them conflicts, and nothing was changed; --into leaves a branch.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.workspace.apply import apply

    with progress_line("fetching and patching"):
        state = apply(repo, modules, flavor, dest, source, cache_dir(), fix_patches, update, into, assigner)
    report.show_notes(state.notes)
    report.show(state.data(), workspaces.state(state), as_json)
    return EXIT_CONFLICT if state.stopped else 0
