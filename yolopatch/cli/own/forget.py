"""`yolopatch forget`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from yolopatch.cli import options, report, suggest
from yolopatch.cli.own import words as own


@click.command("forget", epilog="Example: yolopatch forget MyConv")
@click.argument("name", shell_complete=suggest.own_modules, metavar="NAME")
@options.catalog
@options.as_json
def command(name: str, catalog: Path | None, as_json: bool) -> None:
    """Remove a module that you added from your own catalog.

    Its file in the catalog is deleted. Workspaces that have the module keep it:
    its text is in their commits. Workspaces at, above or directly below the
    current folder are listed.
    """
    from yolopatch.outside.own.own_catalog import own_catalog_dir
    from yolopatch.steps.own.forget import forget

    found = forget(name, catalog.absolute() if catalog else own_catalog_dir(), Path.cwd())
    report.show(asdict(found), own.forgotten(found), as_json)
