"""`yolopatch summary`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.model import words as models
from yolopatch.cli.progress import progress_line


@click.command("summary", epilog="Example: yolopatch summary my-yolo --cfg yolo11n-C3k2-DSConv.yaml")
@options.workspace
@click.option("--cfg", required=True, type=click.Path(path_type=Path), help="The model YAML.")
@options.scale
@click.option("--imgsz", default=640, show_default=True, metavar="PIXELS", help="Image side for the GFLOPs and times.")
@options.python
@options.as_json
def command(workspace: Path, cfg: Path, scale: str | None, imgsz: int, python: str | None, as_json: bool) -> None:
    """Show the size and the speed of a model, next to its base model.

    The model is built by the workspace's code in a child process. GFLOPs are
    given twice: as upstream prints them (thop), and as torch really runs them.
    The time for an image is given twice, too: as built, and after upstream's
    fuse(), as in prediction.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.model.summary import summary

    with progress_line("building the models"):
        found = summary(workspace, cfg, scale, imgsz, python, cache_dir())
    report.show(found.data(), models.summary(found), as_json)
