"""`yolopatch list`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from yolopatch.cli import options, report, suggest
from yolopatch.cli.model import list_words as lists

if TYPE_CHECKING:
    from yolopatch.steps.model.listing import CheckRow, ModuleRow, TutorialRow


@click.command("list", epilog="Example: yolopatch list pins")
@click.argument(
    "what", default="modules", shell_complete=suggest.lists, metavar="[modules|pins|tutorials|checks|MODULE]"
)
@options.as_json
def command(what: str, as_json: bool) -> None:
    """List the modules, pins, tutorials, or checks of verify (default: modules).

    With the name of a module or of its class: all that is known of it, and the
    commands to use it.
    """
    from yolopatch.catalog.modules import MODULES, lookup_module
    from yolopatch.catalog.names import unknown
    from yolopatch.steps.model import listing

    if what not in listing.LISTS:
        module = lookup_module(what)
        if module is None:
            raise unknown("name", what, [*listing.LISTS, *MODULES], "yolopatch list --help")
        from yolopatch.steps.model.one_module import show_module

        found = show_module(module)
        report.show({"module": asdict(found)}, lists.one_module(found), as_json)
        return
    rows: Sequence[ModuleRow | TutorialRow | CheckRow]
    if what == "modules":
        rows, lines = (modules := listing.list_modules()), lists.modules(modules)
    elif what == "pins":
        found_pins, size = listing.list_pins(), listing.cache_size()
        listed = {what: [asdict(row) for row in found_pins], "cache": {"bytes": size}}
        report.show(listed, lists.pins(found_pins, size), as_json)
        return
    elif what == "checks":
        rows, lines = (checks := listing.list_checks()), lists.checks(checks)
    else:
        rows, lines = (tutorials := listing.list_tutorials()), lists.tutorials(tutorials)
    report.show({what: [asdict(row) for row in rows]}, lines, as_json)
