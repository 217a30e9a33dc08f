"""`yolopatch port`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.port import words as porting
from yolopatch.cli.progress import progress_line
from yolopatch.errors import EXIT_VERIFY


@click.command("port", epilog="Example: yolopatch port --to ultralytics==8.4.60 --save")
@click.option(
    "--to", required=True, metavar="RELEASE", help="ultralytics==X, ultralytics for the newest, a git ref, or a path."
)
@click.option("--from", "like", metavar="PIN", help="The pin whose family is ported.  [default: the release's newest]")
@click.option("--module", "modules", multiple=True, help="A module; repeatable.  [default: all]")
@click.option("--save", "saves", is_flag=True, help="Keep the pin and its patches in your own catalog.")
@click.option("--catalog", type=click.Path(path_type=Path), help="That catalog's folder; implies --save.")
@click.option("--no-prove", is_flag=True, help="Only make and check the patches; build no model.")
@options.python
@options.as_json
def command(
    to: str,
    like: str | None,
    modules: tuple[str, ...],
    saves: bool,
    catalog: Path | None,
    no_prove: bool,
    python: str | None,
    as_json: bool,
) -> int:
    """Make the patches for a release that yolopatch has no pin of.

    Finds the places by the release's syntax tree, compares what the patches
    rely on with what upstream has there, then builds and runs models with
    each module. Exit code 4: a conflict, or a proof that failed. With --save,
    `yolopatch apply --repo ultralytics-X` works from then on.
    """
    from yolopatch.outside.own.own_catalog import own_catalog_dir
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.port.port import PortRequest, port

    place = catalog or (own_catalog_dir() if saves else None)
    with progress_line() as watch:
        found = port(PortRequest(to, like, modules, place, not no_prove, python), cache_dir(), watch)
    report.show_notes(found.notes)
    report.show(found.data(), porting.port(found), as_json)
    return 0 if found.holds else EXIT_VERIFY
