"""`yolopatch data`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from yolopatch.catalog.model.base_model import DETECT, TASKS
from yolopatch.cli import options, report
from yolopatch.cli.data import words as datasets
from yolopatch.cli.group import Group
from yolopatch.errors import EXIT_ACT


@click.group("data", cls=Group, epilog="Example: yolopatch data shapes --out shapes")
def command() -> None:
    """Make a small data set, or check one before training on it."""


@command.command("shapes", epilog="Example: yolopatch data shapes --task segment --out shapes")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to make.")
@click.option("--task", default=DETECT, show_default=True, help=", ".join(TASKS) + ".")
@click.option("--images", default=24, show_default=True, help="Images to train on; a quarter as many to validate on.")
@click.option("--side", default=160, show_default=True, help="Of the images, in pixels.")
@click.option("--seed", default=0, show_default=True, help="Another seed gives other images.")
@options.as_json
def shapes(as_json: bool, **request: Any) -> None:
    """Make a set of discs, squares and triangles, free to use and the same for everybody.

    A nano model learns it on a CPU in a minute.
    """
    from yolopatch.steps.data.shapes import ShapesRequest, make_shapes

    made = make_shapes(ShapesRequest(**request))
    report.show(asdict(made), datasets.shapes(made), as_json)


@command.command("check", epilog="Example: yolopatch data check shapes/data.yaml --cfg yolo11n-C3k2-DSConv.yaml")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--cfg", type=click.Path(path_type=Path), help="A model YAML that will be trained on it.")
@click.option("--task", help="detect, segment, pose or obb.  [default: the model's]")
@options.as_json
def check(data: Path, cfg: Path | None, task: str | None, as_json: bool) -> int:
    """Read every image and label of a data YAML, and say what upstream would not take.

    Exits with 1 if anything is wrong.
    """
    from yolopatch.steps.data.check import check_dataset

    found = check_dataset(data, task, cfg)
    report.show({**asdict(found), "errors": found.errors}, datasets.dataset(found), as_json)
    return EXIT_ACT if found.errors else 0
