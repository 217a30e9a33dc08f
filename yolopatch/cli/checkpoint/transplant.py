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
@click.option("--cfg", required=True, type=click.Path(path_type=Path), help="The patched model's YAML.")
@click.option("--weights", required=True, type=click.Path(path_type=Path), help="The base model's checkpoint.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the new checkpoint goes.")
@click.option("--scale", help="n, s, m, l or x.  [default: as upstream takes it from the file]")
@click.option("--nc", type=click.IntRange(min=1), help="The number of classes.  [default: the YAML's]")
@click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True),
    help="Images to run the base on, a folder or one.  [default: upstream's own photographs]",
)
@options.python
@click.option("--seed", default=0, show_default=True, help="For what is drawn by chance.")
@options.overwrite
@options.as_json
def command(workspace: Path, as_json: bool, **asked: Any) -> None:
    """Begin a patched model with what a base checkpoint knows.

    Layers are aligned by the graph. Those that are as in the base take its
    tensors; a module in a layer's place takes over its convolution; what is
    left is fresh, and the report says why. The checkpoint is read as data:
    nothing in it is run. The result is one that upstream's own YOLO(...) or
    train.py --weights takes.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.checkpoint.transplant import TransplantRequest, transplant

    with progress_line() as watch:
        found = transplant(workspace, TransplantRequest(**asked), cache_dir(), watch)
    report.show(found.data(), transplants.transplant(found), as_json)
