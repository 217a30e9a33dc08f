"""`yolopatch render-cfg`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from yolopatch.catalog.model.base_model import DETECT, TASKS
from yolopatch.cli import options, report
from yolopatch.cli.model import words as models


@click.command(
    "render-cfg",
    epilog="Example: yolopatch render-cfg --module DSConv --model yolo11 --scale n",
)
@click.option(
    "--module", "modules", multiple=True, help="A module or one of its classes; repeatable. [default: none, the base]"
)
@click.option("--model", help="yolo26, yolo11, yolov8 or yolov5.  [default: the tutorial's]")
@click.option("--task", default=DETECT, show_default=True, help=", ".join(TASKS) + ".")
@click.option(
    "--scale",
    "scales",
    default="all",
    show_default=True,
    metavar="n,s,...|all",
    help="One file for each scale; `all` is one file with the whole table.",
)
@click.option(
    "--placement",
    "placements",
    multiple=True,
    metavar='[MODULE:]NAME|"1,3,+7"',
    help="tutorial, backbone-down, backbone-blocks, neck-blocks, all-blocks, head-1x1, before-head, or layer numbers;"
    " +7 is a new layer behind layer 7. With several modules, one for each.",
)
@click.option("--block", is_flag=True, help="Wrap the module into the family's block, in place of every one.")
@click.option("--nc", type=int, help="Number of classes.  [default: upstream's, 80 to detect]")
@options.flavor
@click.option("--out", default=".", type=click.Path(path_type=Path), help="The folder to write to.  [default: .]")
@options.as_json
def command(as_json: bool, **request: Any) -> None:
    """Write a model YAML with a module in its layers.

    The file is ready for the upstream that has the module applied. A file of
    one scale builds at that scale wherever it lies.
    """
    from yolopatch.catalog.resources import templates_dir
    from yolopatch.steps.model.render import render
    from yolopatch.steps.model.render_request import RenderRequest

    written = render(RenderRequest(**request), templates_dir())
    report.show(asdict(written), models.rendered(written), as_json)
