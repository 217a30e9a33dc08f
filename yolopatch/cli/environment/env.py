"""`yolopatch env`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from yolopatch.cli import options, report, suggest
from yolopatch.cli.environment import env_words as environments
from yolopatch.cli.group import Group
from yolopatch.cli.progress import progress_line
from yolopatch.errors import UsageError

_EVERY = 10.0  # seconds between two lines of progress without a terminal: a download takes many minutes


@click.group("env", cls=Group, epilog="Example: yolopatch env create yolo11-c3k2-dsconv")
def command() -> None:
    """Create a Python environment for a pin, or run a command in it."""


@command.command("create", epilog="Example: yolopatch env create yolo26-refconv")
@click.argument("target", shell_complete=suggest.targets, metavar="TUTORIAL|WORKSPACE|PIN")
@click.option("--python", metavar="EXE", help="Use this Python if it fits, else create the environment from it.")
@click.option("--torch-index", metavar="URL", help="Install torch from this index, for CPUs or another CUDA version.")
@click.option(
    "--installer", default="auto", show_default=True, metavar="auto|pip|uv", help="auto: uv if it is on PATH, else pip."
)
@click.option("--fresh", is_flag=True, help="Create it again, even if an existing environment fits.")
@options.as_json
def create(as_json: bool, **request: Any) -> None:
    """Create a Python environment for a pin.

    The pin trains, validates, predicts and exports in it. If the current Python
    or an earlier environment fits, it is used and nothing is created. The
    environment goes into the cache and takes about 7 GB. It needs an installed
    Python: 3.10 or 3.11 for the versions in which the pin's own code runs, else
    3.12 or 3.13 for the newest, with which older pins need `apply --compat`.
    """
    from yolopatch.steps.environment.create import EnvironmentRequest, create_environment

    with progress_line(seconds=_EVERY) as watch:
        found = create_environment(EnvironmentRequest(**request), watch)
    report.show(asdict(found), environments.environment(found), as_json)


@command.command(
    "run",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example: yolopatch env run my-yolo -- yolo detect train model=yolo11n.yaml data=../shapes/data.yaml",
)
@click.argument("workspace", type=click.Path(path_type=Path, file_okay=False))
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND ...")
@options.python
@options.as_json
def run(workspace: Path, words: tuple[str, ...], python: str | None, as_json: bool) -> int:
    """Run a command in a workspace, with the environment of its pin.

    Upstream is imported from the workspace and keeps its settings there. It
    installs nothing, and uses the network only for what you ask for. The exit
    code is the command's own. Write options before WORKSPACE. With --json, the
    output of the command goes to stderr.
    """
    from yolopatch.steps.environment.run import run_in_workspace

    given = words[1:] if words[0] == "--" else words
    if not given:
        raise UsageError("no command after --", hint="e.g. yolopatch env run my-yolo -- python train.py")
    found = run_in_workspace(workspace, given, python, quiet=as_json)
    report.show(asdict(found), (), as_json)
    return found.exit_code
