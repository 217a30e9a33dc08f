"""`yolopatch apply`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.progress import progress_line
from yolopatch.cli.workspace import words as workspaces


@click.command(
    "apply",
    epilog="Example: yolopatch apply --repo ultralytics --module DSConv --dest my-yolo",
)
@click.option("--repo", required=True, help="An upstream (ultralytics, yolov5) or a pin (ultralytics-8.4.0).")
@click.option("--module", "modules", multiple=True, help="A module or one of its classes; repeatable.")
@click.option("--compat", is_flag=True, help="Mend what newer libraries break; nothing that is computed changes.")
@options.flavor
@click.option("--dest", type=click.Path(path_type=Path), help="The workspace.  [default: ./<pin>]")
@click.option(
    "--source",
    default="auto",
    show_default=True,
    metavar="auto|git|pypi|PATH",
    help="Where the upstream comes from; PATH is a clone, a wheel or a folder.",
)
@options.as_json
def command(
    repo: str,
    modules: tuple[str, ...],
    compat: bool,
    flavor: str,
    dest: Path | None,
    source: str,
    as_json: bool,
) -> None:
    """Put modules, or mends for newer libraries, on a pinned upstream.

    Makes a workspace, or adds to the one at --dest. With a bare upstream the
    pin is that of the module's tutorial, else the newest. The same modules on
    the same source give the same commit id everywhere.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.workspace.apply import apply

    with progress_line("fetching and patching"):
        state = apply(repo, modules, flavor, dest, source, cache_dir(), compat)
    report.show_notes(state.notes)
    report.show(state.data(), workspaces.state(state), as_json)
