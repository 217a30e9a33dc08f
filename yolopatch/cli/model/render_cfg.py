"""`yolopatch render-cfg`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yolopatch.catalog.model.base_model import DETECT, TASKS
from yolopatch.cli import options, report, suggest
from yolopatch.cli.model import words as models


@click.command(
    "render-cfg",
    epilog="Example: yolopatch render-cfg --module DSConv --model yolo11 --scale n",
)
@click.option(
    "--module",
    "modules",
    multiple=True,
    shell_complete=suggest.modules,
    metavar="NAME",
    help="A module, or a class of it. Repeatable.  [default: none: the base model]",
)
@click.option(
    "--model",
    shell_complete=suggest.models,
    metavar="NAME",
    help="yolo26, yolo12, yolo11, yolov10, yolov9, yolov8, yolov5 or rtdetr.  [default: that of the module's tutorial]",
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    shell_complete=suggest.yaml_files,
    metavar="FILE.yaml",
    help="Any model YAML that upstream builds, in place of --model.",
)
@click.option(
    "--repo",
    shell_complete=suggest.repos,
    metavar="NAME",
    help="The upstream or the pin that the file is for.  [default: that of the workspace at --out, else the model's]",
)
@click.option(
    "--task",
    default=DETECT,
    shell_complete=suggest.tasks,
    show_default=True,
    metavar="NAME",
    help=", ".join(TASKS) + ".",
)
@click.option(
    "--scale",
    "scales",
    shell_complete=suggest.several_scales,
    default="all",
    show_default=True,
    metavar="n,s,...|all",
    help="One file for each scale. all: one file with the whole table of scales; for a model of which upstream has a"
    " file for each scale, all of them.",
)
@click.option(
    "--placement",
    "placements",
    multiple=True,
    shell_complete=suggest.placements,
    metavar='[MODULE:]NAME|"1,3,+7"',
    help="Which layers to replace: tutorial, backbone-down, backbone-blocks, neck-blocks, all-blocks, all-down,"
    " head-1x1, before-head, or layer numbers. +7 inserts a new layer after layer 7. With several modules,"
    " give one for each: MODULE:NAME.  [default: tutorial, else backbone-down]",
)
@click.option(
    "--block",
    is_flag=True,
    help="Use the module inside the model's blocks (C3k2, C2f or C3). Without --placement: in all blocks.",
)
@click.option("--nc", type=int, metavar="NUMBER", help="Number of classes.  [default: upstream's; 80 for detect]")
@options.flavor
@click.option("--out", default=".", type=click.Path(path_type=Path), help="The output folder.  [default: .]")
@options.as_json
def command(as_json: bool, **request: Any) -> None:
    """Write a model YAML that uses a module.

    The file works in a workspace that has the module. A file for one scale
    builds at that scale in any folder.
    """
    from yolopatch.catalog.resources import templates_dir
    from yolopatch.steps.model.render import render
    from yolopatch.steps.model.render_request import RenderRequest

    written = render(RenderRequest(**request), templates_dir())
    report.show_notes(written.notes)
    report.show(written.data(), models.rendered(written), as_json)
