"""`env run`: run a command in a workspace, in its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.outside.environment.run_command import run_command
from yolopatch.outside.environment.upstream_settings import upstream_variables
from yolopatch.outside.source.store import cache_dir
from yolopatch.steps.environment.interpreters import find_interpreter
from yolopatch.steps.environment.target import target_of


@dataclass(frozen=True)
class CommandRun:
    """A command that ran in a workspace's environment."""

    workspace: Path
    python: str
    command: tuple[str, ...]
    exit_code: int


def run_in_workspace(place: Path, command: tuple[str, ...], python: str | None, quiet: bool) -> CommandRun:
    """Run a command from the workspace, in its environment and with its settings.

    Args:
        place: the workspace.
        command: the command and its arguments.
        python: the interpreter; None to find one.
        quiet: send what the command prints to stderr, so that stdout has only the result.

    Raises:
        ConflictError: the folder is no checkout of an upstream that we know.
        UsageError: yolopatch has no pin of the checkout's version.
        YolopatchError: the command or the environment does not exist.
    """
    place = place.absolute()
    target = target_of(place)
    found = find_interpreter(target.pin, python, cache_dir(), compat=target.compat, tree=place)
    code = run_command(command, place, upstream_variables(place, found), quiet)
    return CommandRun(place, found.executable, command, code)
