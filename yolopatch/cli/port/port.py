"""`yolopatch port`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.cli import options, report, suggest
from yolopatch.cli.port import words as porting
from yolopatch.cli.progress import progress_line
from yolopatch.errors import EXIT_VERIFY


@click.command("port", epilog="Example: yolopatch port --to ultralytics==8.4.60 --save")
@click.option(
    "--to",
    required=True,
    metavar="RELEASE",
    help="ultralytics==X, ultralytics (the newest release), a git ref, or the path of a checkout or wheel.",
)
@click.option(
    "--from",
    "like",
    shell_complete=suggest.pins,
    metavar="PIN",
    help="Make the patches like those of this pin.  [default: the newest model family that the release has]",
)
@click.option(
    "--module",
    "modules",
    multiple=True,
    shell_complete=suggest.modules,
    metavar="NAME",
    help="A module. Repeatable.  [default: all]",
)
@click.option("--save", "saves", is_flag=True, help="Save the pin and its patches in your own catalog.")
@click.option("--catalog", type=click.Path(path_type=Path), help="The folder of the catalog. Implies --save.")
@click.option("--no-prove", is_flag=True, help="Only make and check the patches; build no models.")
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
    """Make the patches for an ultralytics release that has no pin.

    The positions to patch are found in the syntax tree of the release. The code
    that the patches rely on is compared with the release. Then models with each
    module are built and run. With --save, `yolopatch apply --repo
    ultralytics-X` works afterwards.

    Exit code 4: a conflict, or a model that failed.
    """
    from yolopatch.outside.own.own_catalog import own_catalog_dir
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.port.port import PortRequest, port

    folder = catalog or (own_catalog_dir() if saves else None)
    with progress_line() as watch:
        found = port(PortRequest(to, like, modules, folder, not no_prove, python), cache_dir(), watch)
    report.show_notes(found.notes)
    report.show(found.data(), porting.port(found), as_json)
    return 0 if found.holds else EXIT_VERIFY
