"""`yolopatch env`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from yolopatch.cli import options, report
from yolopatch.cli.environment import env_words as environments
from yolopatch.cli.group import Group
from yolopatch.cli.progress import progress_line
from yolopatch.errors import UsageError


@click.group("env", cls=Group, epilog="Example: yolopatch env create yolo11-c3k2-dsconv")
def command() -> None:
    """Make the environment in which a pin trains, or run something in it."""


@command.command("create", epilog="Example: yolopatch env create yolo26-refconv")
@click.argument("target", metavar="TUTORIAL|WORKSPACE|PIN")
@click.option("--python", help="Take this interpreter if it fits, else make the environment from it.")
@click.option("--torch-index", metavar="URL", help="Take torch from this index: for CPUs, or for another CUDA.")
@click.option("--installer", default="auto", show_default=True, metavar="auto|pip|uv", help="auto: uv if on PATH.")
@click.option("--fresh", is_flag=True, help="Make it again, even where one fits.")
@options.as_json
def create(as_json: bool, **request: Any) -> None:
    """Make an environment in which the pin trains, validates and exports.

    Nothing is made where the current interpreter or an earlier environment
    fits. It lies in the cache and takes about 6 GB; Python 3.10 or 3.11 must
    be there.
    """
    from yolopatch.steps.environment.environment import EnvironmentRequest, create_environment

    with progress_line() as watch:
        found = create_environment(EnvironmentRequest(**request), watch)
    report.show(asdict(found), environments.environment(found), as_json)


@command.command(
    "run",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example: yolopatch env run my-yolo -- yolo detect train model=yolo11n.yaml data=coco8.yaml",
)
@click.argument("workspace", type=click.Path(path_type=Path, file_okay=False))
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND ...")
@click.option("--python", help="Run it with this interpreter.  [default: the environment made for the pin]")
@options.as_json
def run(workspace: Path, words: tuple[str, ...], python: str | None, as_json: bool) -> int:
    """Run a command from the workspace, with its environment and settings.

    Upstream is imported from the workspace, keeps its settings there, installs
    nothing and asks nothing of the network by itself. The exit code is the
    command's own. Options come before WORKSPACE; with --json, what the command
    prints goes to stderr.
    """
    from yolopatch.steps.environment.environment import run_in_workspace

    told = words[1:] if words[0] == "--" else words
    if not told:
        raise UsageError("there is no command after --", hint="e.g. yolopatch env run my-yolo -- python train.py")
    found = run_in_workspace(workspace, told, python, quiet=as_json)
    report.show(asdict(found), (), as_json)
    return found.exit_code
