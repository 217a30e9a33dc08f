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
@click.option("--weights", required=True, type=click.Path(path_type=Path), help="The checkpoint of the trained model.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The packed file to write.")
@click.option(
    "--bits",
    type=click.IntRange(2, 8),
    metavar="2..8",
    help="Bits of each kernel integer.  [default: as each layer has]",
)
@click.option(
    "--block-size",
    type=click.IntRange(min=1),
    metavar="CHANNELS",
    help="Number of input channels that share one scale.  [default: as each layer has]",
)
@options.python
@options.overwrite
@options.as_json
def command(workspace: Path, as_json: bool, **asked: Any) -> None:
    """Store DSConv kernels as integers of 2 to 8 bits with float16 scales.

    All other tensors stay as they are. The written file is read back, and every
    kernel in it must equal the model's, bit for bit. The checkpoint is read as
    data: no code in it runs. `yolopatch unpack` turns the file back into a
    checkpoint.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.checkpoint.pack import PackRequest, pack

    with progress_line() as watch:
        found = pack(workspace, PackRequest(**asked), cache_dir(), watch)
    report.show(found.data(), packing.packed(found), as_json)
