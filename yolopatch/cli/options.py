"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
flavor = click.option(
    "--flavor",
    default="paper",
    show_default=True,
    metavar="paper|tutorial",
    help="paper: as the paper defines the module. tutorial: exactly the blog post's code.",
)
source = click.option(
    "--source",
    default="auto",
    show_default=True,
    metavar="auto|git|pypi|PATH",
    help="Where to get the pin from. PATH is a git clone, a wheel or a folder. auto: the cache, then git, then PyPI.",
)
scale = click.option(
    "--scale", metavar="n|s|m|l|x", help="The model scale.  [default: read from the YAML, as upstream does]"
)
workspace = click.argument(
    "workspace", default=".", type=click.Path(path_type=Path, file_okay=False), metavar="[WORKSPACE]"
)
catalog = click.option(
    "--catalog",
    type=click.Path(path_type=Path),
    help="The folder of your own catalog.  [default: $YOLOPATCH_CATALOG, else ~/.config/yolopatch]",
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace an existing output file.")
python = click.option(
    "--python",
    metavar="EXE",
    help="The Python to run upstream with.  [default: the one of `env create`, else this one if it has the libraries]",
)
