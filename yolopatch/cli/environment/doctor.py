"""`yolopatch doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.environment import doctor_words as doctor
from yolopatch.cli.progress import progress_line
from yolopatch.errors import EXIT_ACT


@click.command("doctor", epilog="Example: yolopatch doctor my-yolo --python python3.11")
@click.argument("workspace", required=False, metavar="[WORKSPACE]", type=click.Path(path_type=Path, file_okay=False))
@options.python
@options.as_json
def command(workspace: Path | None, python: str | None, as_json: bool) -> int:
    """Find what would fail in a Python environment, and on which line.

    The report also shows where upstream is imported from and which settings
    it uses. WORKSPACE is the current folder by default; it may be a checkout
    that yolopatch did not make. Without a workspace, all pins are checked.

    Exit code 1: something would fail.
    """
    from yolopatch.outside.source.store import cache_dir
    from yolopatch.steps.environment.doctor import diagnose

    with progress_line("inspecting the environment"):
        found = diagnose(workspace, python, cache_dir())
    report.show(found.data(), doctor.examination(found), as_json)
    return EXIT_ACT if found.errors else 0
