"""`yolopatch add`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from yolopatch.cli import options, report
from yolopatch.cli.own import words as added
from yolopatch.cli.own.asking import settle


@click.command("add", epilog="Example: yolopatch add MyConv.py --class MyConv")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.py")
@click.option("--class", "symbol", help="The class in it.  [default: the only one that can be meant]")
@click.option(
    "--like",
    metavar="Conv2d|Conv|attention|C3k2|C2f|C3",
    help="In what's place it stands: a bare convolution, one with its own BatchNorm, nothing's (it keeps its channels"
    " and stands behind a layer), a block.  [default: found out]",
)
@click.option(
    "--args",
    metavar='"c1, c2, k, s, ..."',
    help="What its constructor is given, as a call in Python has it.  [default: found out by names]",
)
@click.option("--stride", default=1, type=click.IntRange(1, 2), help="The stride of one that takes none.  [default: 1]")
@click.option("--name", help="What to call the module.  [default: the class's name]")
@click.option("--replace", is_flag=True, help="Replace the module of that name in the catalog.")
@options.catalog
@options.as_json
def command(as_json: bool, catalog: Path | None, **request: Any) -> None:
    """Make a module of a file that you pasted from a post or a paper's code.

    The file is read, never run. What it leaves open you are asked at a terminal,
    elsewhere an error says what settles it. Its module can then be applied, rendered,
    verified and transplanted as yolopatch's own, on every pin.
    """
    from yolopatch.outside.own.own_catalog import own_catalog_dir
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.own.add import AddRequest, add

    usual = own_catalog_dir()
    folder = catalog.absolute() if catalog else usual
    found = settle(lambda asked: add(asked, folder, cache_dir()), AddRequest(**request), as_json)
    report.show_notes(added.notes(found, usual))
    report.show(asdict(found), added.words(found), as_json)
