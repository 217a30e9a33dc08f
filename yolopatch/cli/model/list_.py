"""`yolopatch list`."""

from __future__ import annotations

from dataclasses import asdict

import click

from yolopatch.cli import options, report
from yolopatch.cli.model import list_words as lists


@click.command("list", epilog="Example: yolopatch list pins")
@click.argument("what", default="modules", metavar="[modules|pins|tutorials]")
@options.as_json
def command(what: str, as_json: bool) -> None:
    """List the modules, pins or tutorials (default: modules)."""
    from yolopatch.catalog.names import unknown
    from yolopatch.steps.model import listing

    known = {
        "modules": (listing.list_modules, lists.modules),
        "pins": (listing.list_pins, lists.pins),
        "tutorials": (listing.list_tutorials, lists.tutorials),
    }
    if what not in known:
        raise unknown("list", what, known, "yolopatch list --help")
    find, words = known[what]
    rows = find()
    report.show({what: [asdict(row) for row in rows]}, words(rows), as_json)
