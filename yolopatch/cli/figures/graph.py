"""`yolopatch graph`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.figures import words
from yolopatch.cli.progress import progress_line


@click.command("graph", epilog="Example: yolopatch graph my-yolo/yolo11n-C3k2-DSConv.yaml --base --out graph.svg")
@click.argument("item", metavar="ITEM")
@click.option("--base", is_flag=True, help="Draw the base model beside it, layer by layer.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.svg",
    help="The file to write.  [default: ITEM's name with -graph.svg, in the current folder]",
)
@options.scale
@click.option("--imgsz", default=640, show_default=True, metavar="PIXELS", help="Image side for the shapes.")
@options.builder("The workspace that builds the model.  [default: the one around ITEM, else around the current folder]")
@options.overwrite
@options.python
@options.as_json
def command(
    item: str,
    base: bool,
    out: Path | None,
    scale: str | None,
    imgsz: int,
    workspace: Path | None,
    overwrite: bool,
    python: str | None,
    as_json: bool,
) -> None:
    """Draw the architecture of a model as an SVG figure.

    ITEM is a model YAML in a workspace, a checkpoint, or the folder of a run;
    NAME=ITEM labels it. The model is built and run in a child process. Each
    layer is a box with its class, its output shape and its parameters; layers
    that are not the base model's are marked.
    """
    from yolopatch.steps.figures.graph import graph

    with progress_line("building the model"):
        found = graph(
            item,
            out=out,
            beside=base,
            scale=scale,
            imgsz=imgsz,
            workspace=workspace,
            python=python,
            overwrite=overwrite,
        )
    report.show_notes(found.notes)
    report.show(found.data(), words.graph(found), as_json)
