"""`yolopatch pack`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yolopatch.cli import options, report
from yolopatch.cli.checkpoint import pack_words as packing
from yolopatch.cli.progress import progress_line


@click.command("pack", epilog="Example: yolopatch pack my-yolo --weights best.pt --out best.packed.pt")
@options.workspace
@click.option("--weights", required=True, type=click.Path(path_type=Path), help="The trained model's checkpoint.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the packed file goes.")
@click.option("--bits", type=click.IntRange(2, 8), help="Quantise to this many bits.  [default: the layers' own]")
@click.option(
    "--block-size",
    type=click.IntRange(min=1),
    help="Input channels that share a scale.  [default: the layers' own]",
)
@options.python
@options.overwrite
@options.as_json
def command(workspace: Path, as_json: bool, **asked: Any) -> None:
    """Store DSConv's kernels as integers of a few bits.

    Each kernel becomes real integers of 2 to 8 bits with half-precision
    scales; everything else stays as it is. The file is read back, and every
    kernel in it is the model's, bit for bit. The checkpoint is read as data:
    nothing in it is run. `yolopatch unpack` makes a checkpoint of it again.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.checkpoint.pack import PackRequest, pack

    with progress_line() as watch:
        found = pack(workspace, PackRequest(**asked), cache_dir(), watch)
    report.show(found.data(), packing.packed(found), as_json)
