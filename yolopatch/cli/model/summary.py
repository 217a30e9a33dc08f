"""`yolopatch summary`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.model import words as models
from yolopatch.cli.progress import progress_line


@click.command("summary", epilog="Example: yolopatch summary my-yolo --cfg yolo11n-C3k2-DSConv.yaml")
@options.workspace
@click.option("--cfg", required=True, type=click.Path(path_type=Path), help="The model YAML.")
@click.option("--scale", help="n, s, m, l or x.  [default: as upstream takes it from the file]")
@click.option("--imgsz", default=640, show_default=True, help="Image side in pixels, for the GFLOPs.")
@click.option(
    "--python",
    default=sys.executable,
    help="The interpreter with upstream's requirements.  [default: this one]",
)
@options.as_json
def command(workspace: Path, cfg: Path, scale: str | None, imgsz: int, python: str, as_json: bool) -> None:
    """Build a YAML's model and count it, beside its base model.

    Upstream's code runs in a child process, never in this one. GFLOPs are
    given twice: as upstream prints them, and as counted at the dispatcher.
    """
    from yolopatch.steps.model.summary import summary

    with progress_line("building the models"):
        found = summary(workspace, cfg, scale, imgsz, python)
    report.show(found.data(), models.summary(found), as_json)
