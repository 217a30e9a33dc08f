"""`yolopatch unpack`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yolopatch.cli import options, report
from yolopatch.cli.checkpoint import pack_words as packing
from yolopatch.cli.progress import progress_line


@click.command("unpack", epilog="Example: yolopatch unpack my-yolo --weights best.packed.pt --out restored.pt")
@options.workspace
@click.option("--weights", required=True, type=click.Path(path_type=Path), help="The file that `yolopatch pack` wrote.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The checkpoint to write.")
@options.python
@options.overwrite
@options.as_json
def command(workspace: Path, as_json: bool, **asked: Any) -> None:
    """Turn a packed file back into a checkpoint.

    Upstream's own YOLO(...) or attempt_load loads it in the workspace. Its
    DSConv layers keep their integers and scales, so their kernels equal the
    packed ones, bit for bit.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.checkpoint.pack import UnpackRequest, unpack

    with progress_line() as watch:
        found = unpack(workspace, UnpackRequest(**asked), cache_dir(), watch)
    report.show(found.data(), packing.unpacked(found), as_json)
