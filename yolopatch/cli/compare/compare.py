"""`yolopatch compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from yolopatch.cli import options, report, suggest
from yolopatch.cli.compare.words import comparison
from yolopatch.cli.progress import progress_line
from yolopatch.wire import shell


@click.command("compare", epilog="Example: yolopatch compare base=yolo11n.yaml best.pt --workspace my-yolo")
@click.argument("items", nargs=-1, required=True, metavar="ITEM...")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    help="The workspace of items that lie outside of every workspace.",
)
@click.option(
    "--data",
    shell_complete=suggest.yaml_files,
    type=click.Path(path_type=Path),
    metavar="DATA.yaml",
    help="Evaluate checkpoints on the val images of this data set.",
)
@options.scale
@click.option("--imgsz", default=640, show_default=True, metavar="PIXELS", help="Image side.")
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Images in one forward pass.  [default: 1; with --data, upstream's]",
)
@click.option("--half", is_flag=True, help="Compute in float16.")
@options.device("The CPU, or the number of a GPU.  [default: cpu]")
@options.python
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write compare.html, the tables and the plots into this folder."
)
@options.overwrite
@options.as_json
def command(items: tuple[str, ...], out: Path | None, overwrite: bool, as_json: bool, **how: Any) -> None:
    """Show models side by side: size, GFLOPs, latency, memory, mAP.

    ITEM is a model YAML in a workspace, a checkpoint, or the folder of a
    training run. NAME=ITEM gives it a name in the table.

    The models of one workspace are timed in turn in one process, after
    upstream's fuse(). Checkpoints are read as data; no code of theirs runs. The
    metrics of a run are read from its results.csv, or measured with --data: by
    upstream's own validation, and by COCO's evaluator on the same boxes.
    """
    from yolopatch.cli.compare.page import render_page
    from yolopatch.outside.files.writable import require_free_in
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.compare.compare import Options, compare, save_tables, table_files

    if out:
        require_free_in(out, table_files(out), overwrite)
    with progress_line() as watch:
        found = compare(items, Options(**how), cache_dir(), watch)
    files = save_tables(found, render_page(found, _again(items, how)), out, overwrite=overwrite) if out else ()
    report.show_notes(found.notes)
    report.show(found.data(files), comparison(found, files), as_json)


def _again(items: tuple[str, ...], how: dict[str, Any]) -> str:
    """Return the command that measures the same again, with one option on each line."""
    parts: list[list[object]] = [["yolopatch", "compare", *items]]
    for name, value in how.items():
        if value is True:
            parts.append([f"--{name}"])
        elif value not in (None, False):
            parts.append([f"--{name}", value])
    return shell.wrap(parts)
