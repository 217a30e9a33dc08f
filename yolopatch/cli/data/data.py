"""`yolopatch data`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from yolopatch.catalog.model.base_model import DETECT, TASKS
from yolopatch.cli import options, report, suggest
from yolopatch.cli.data import words as datasets
from yolopatch.cli.group import Group
from yolopatch.errors import EXIT_ACT


@click.group("data", cls=Group, epilog="Example: yolopatch data shapes --out shapes")
def command() -> None:
    """Make a small data set, or check your own before training."""


@command.command("shapes", epilog="Example: yolopatch data shapes --out shapes")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to create.")
@click.option(
    "--task",
    default=DETECT,
    shell_complete=suggest.tasks,
    show_default=True,
    metavar="NAME",
    help=", ".join(TASKS) + ".",
)
@click.option(
    "--images",
    default=24,
    show_default=True,
    metavar="NUMBER",
    help="Number of training images; validation gets a quarter of it.",
)
@click.option("--side", default=160, show_default=True, metavar="PIXELS", help="Width and height of the images.")
@click.option(
    "--seed", default=0, show_default=True, metavar="NUMBER", help="Random seed. Another seed gives other images."
)
@options.as_json
def shapes(as_json: bool, **request: Any) -> None:
    """Make a small data set of discs, squares and triangles.

    The same options give the same files on every machine, free to use. A model
    of scale n learns it on a CPU in a minute or two.
    """
    from yolopatch.steps.data.shapes import ShapesRequest, make_shapes

    made = make_shapes(ShapesRequest(**request))
    report.show(asdict(made), datasets.shapes(made), as_json)


@command.command("check", epilog="Example: yolopatch data check shapes/data.yaml")
@click.argument("data", type=click.Path(path_type=Path), shell_complete=suggest.yaml_files)
@click.option(
    "--cfg",
    type=click.Path(path_type=Path),
    shell_complete=suggest.yaml_files,
    help="The model YAML that you will train; its number of classes and its task are checked, too.",
)
@click.option(
    "--task",
    shell_complete=suggest.tasks,
    metavar="NAME",
    help="detect, segment, pose or obb.  [default: that of --cfg, else detect]",
)
@options.as_json
def check(data: Path, cfg: Path | None, task: str | None, as_json: bool) -> int:
    """Find what upstream would drop from a data set.

    All images and labels of the data YAML DATA are read. Exit code 1: an error
    was found.
    """
    from yolopatch.steps.data.check import check_dataset

    found = check_dataset(data, task, cfg)
    report.show({**asdict(found), "errors": found.errors}, datasets.dataset(found), as_json)
    return EXIT_ACT if found.errors else 0
