"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
flavor = click.option(
    "--flavor",
    default="paper",
    show_default=True,
    metavar="paper|tutorial",
    help="Do what the paper says, or exactly what the blog post's code does.",
)
workspace = click.argument(
    "workspace", default=".", type=click.Path(path_type=Path, file_okay=False), metavar="[WORKSPACE]"
)
catalog = click.option(
    "--catalog",
    type=click.Path(path_type=Path),
    help="Your own catalog.  [default: $YOLOPATCH_CATALOG or your settings]",
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace the file that is there.")
python = click.option(
    "--python", metavar="EXE", help="The interpreter.  [default: that of `env create`, else this one]"
)
