"""`yolopatch transplant`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yolopatch.cli import options, report
from yolopatch.cli.checkpoint import transplant_words as transplants
from yolopatch.cli.progress import progress_line


@click.command(
    "transplant",
    epilog="Example: yolopatch transplant my-yolo --cfg yolo11n-C3k2-DSConv.yaml --weights yolo11n.pt --out init.pt",
)
@options.workspace
@options.cfg
@click.option("--weights", required=True, type=click.Path(path_type=Path), help="The checkpoint of the base model.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The new checkpoint to write.")
@options.scale
@click.option("--nc", type=click.IntRange(min=1), metavar="NUMBER", help="Number of classes.  [default: the YAML's]")
@click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True),
    help="An image or a folder of images to run the base model on.  [default: the photos that upstream ships]",
)
@options.python
@click.option("--seed", default=0, show_default=True, metavar="NUMBER", help="Random seed.")
@options.overwrite
@options.as_json
def command(workspace: Path, as_json: bool, **asked: Any) -> None:
    """Start a patched model from the checkpoint of its base model.

    Layers are matched by the graph of the model. Equal layers copy their
    tensors; a module is initialised from the convolution that it replaces; all
    other tensors get fresh values, and the report gives the reason. The
    checkpoint is read as data: no code in it runs. Upstream's own YOLO(...) or
    train.py --weights loads the result.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.checkpoint.transplant import TransplantRequest, transplant

    with progress_line() as watch:
        found = transplant(workspace, TransplantRequest(**asked), cache_dir(), watch)
    report.show(found.data(), transplants.transplant(found), as_json)
