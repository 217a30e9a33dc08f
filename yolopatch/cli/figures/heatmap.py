"""`yolopatch heatmap`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yolopatch.cli import options, report
from yolopatch.cli.figures import words
from yolopatch.cli.progress import progress_line
from yolopatch.wire.figures import METHODS


@click.command("heatmap", epilog="Example: yolopatch heatmap base.pt ours=runs/detect/train --images images/val")
@click.argument("items", metavar="ITEM...", nargs=-1, required=True)
@click.option(
    "--images",
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="An image, or a folder of images.",
)
@click.option(
    "--layer", type=int, metavar="N", help="The layer to draw a map of.  [default: those that the head reads]"
)
@click.option(
    "--method", type=click.Choice(METHODS), default=METHODS[0], show_default=True, help="How a map is computed."
)
@click.option("--erf", is_flag=True, help="Draw effective receptive fields instead.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="heatmaps",
    show_default=True,
    metavar="DIR",
    help="The folder for the figures.",
)
@click.option("--imgsz", default=640, show_default=True, metavar="PIXELS", help="Longer side of an image.")
@click.option(
    "--conf", "confidence", default=0.25, show_default=True, metavar="SCORE", help="Count objects above this score."
)
@click.option("--limit", default=8, show_default=True, metavar="N", help="Use at most so many images of a folder.")
@options.scale
@options.builder(
    "The workspace that builds all models.  [default: the one around ITEM, else around the current folder]"
)
@options.overwrite
@options.python
@options.as_json
def command(items: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Draw where models look on images, side by side.

    ITEM is a checkpoint or the folder of a run; NAME=ITEM labels it. A map
    shows which places of the image decide the scores of the objects that
    upstream finds. All maps of an image have one colour scale. With --erf,
    ITEM may also be a model YAML.
    """
    from yolopatch.steps.figures.heatmap import Options, heatmap

    with progress_line() as watch:
        found = heatmap(items, Options(**given), watch)
    report.show_notes(found.notes)
    report.show(found.data(), words.heatmap(found), as_json)
