"""`yolopatch list`."""

from __future__ import annotations

import click

from yolopatch.cli import options, report


@click.command("list", epilog="Example: yolopatch list pins")
@click.argument("what", default="modules", metavar="[modules|pins|tutorials]")
@options.as_json
def command(what: str, as_json: bool) -> None:
    """List the modules, pins or tutorials (default: modules)."""
    from yolopatch.catalog.names import unknown
    from yolopatch.steps import listing

    lists = {"modules": listing.list_modules, "pins": listing.list_pins, "tutorials": listing.list_tutorials}
    if what not in lists:
        raise unknown("list", what, lists, "yolopatch list --help")
    report.show_list(what, lists[what](), as_json)
