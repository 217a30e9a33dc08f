"""`yolopatch doctor`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from yolopatch.cli import options, report
from yolopatch.cli.environment import doctor_words as doctor
from yolopatch.cli.progress import progress_line
from yolopatch.errors import EXIT_ACT


@click.command("doctor", epilog="Example: yolopatch doctor my-yolo --python python3.11")
@click.argument("workspace", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--python", help="The interpreter to look at.  [default: this one]")
@options.as_json
def command(workspace: Path | None, python: str | None, as_json: bool) -> int:
    """Say what is imported from where, with which settings, and what will fail.

    WORKSPACE is this folder by default, and may be a checkout that yolopatch
    did not make. Where it is none, every pin is told. Exit code 1: something
    would fail.
    """
    from yolopatch.steps.environment.doctor import examine

    with progress_line("looking"):
        found = examine(workspace, python)
    report.show({**asdict(found), "errors": found.errors}, doctor.examination(found), as_json)
    return EXIT_ACT if found.errors else 0
