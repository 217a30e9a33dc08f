"""`env run`: run a command in a workspace, in its environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.environments import set_for
from yolopatch.catalog.pins import Pin
from yolopatch.outside.environment.constraints import constraint_variables
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.environment.run_command import run_command
from yolopatch.outside.environment.upstream_settings import settings_folder, upstream_variables
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
        NoWorkspaceError: the folder is no checkout of an upstream that we know.
        UsageError: yolopatch has no pin of the checkout's version.
        YolopatchError: the command or the environment does not exist.
    """
    place = place.absolute()
    target = target_of(place)
    found = find_interpreter(target.pin, python, cache_dir(), compat=target.compat, tree=place)
    variables = upstream_variables(place, found)
    kept = constraint_variables(kept_versions(target.pin, found), settings_folder(place), found.executable, variables)
    code = run_command(command, place, variables | kept, quiet)
    return CommandRun(place, found.executable, command, code)


def kept_versions(pin: Pin, found: Interpreter) -> Iterator[str]:
    """Yield what the command may not change by installing something: requirements that the libraries meet now.

    They are those of the pin's set. In an environment of the user's own, where the set asks for another version, the
    installed one is kept: it is not ours to replace.
    """
    for wanted in set_for(pin, found.python).requirements:
        version = found.packages.get(wanted.name)
        if version:
            fits = wanted.specifier.contains(version, prereleases=True)
            yield str(wanted) if fits else f"{wanted.name}=={version}"
