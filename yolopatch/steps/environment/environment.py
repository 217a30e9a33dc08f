"""`env`: find or make an environment in which a pin trains, and run commands in it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from yolopatch.catalog.environment.environments import EnvironmentSet, set_of
from yolopatch.catalog.modules import MODULES, find_tutorial
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import PINS, Pin, find_pin
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.environment.environments import (
    EnvironmentRecord,
    complete_environments,
    ensure_environment,
    require_space,
    requirements_digest,
)
from yolopatch.outside.environment.installer import Installer, InstallRequest, find_installer, hide_passwords, install
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.environment.run_command import run_command
from yolopatch.outside.environment.upstream_settings import upstream_variables
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.outside.source.store import cache_dir
from yolopatch.outside.watch import Watch, no_watch
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.steps.environment.nearest_pin import nearest_pin

_TORCH = ("torch", "torchvision")


@dataclass(frozen=True)
class EnvironmentRequest:
    """The options of `env create`.

    Attributes:
        target: a tutorial, a workspace or a pin.
        python: the interpreter to use as it is, or to make the environment with; None to find one.
        torch_index: the package index for torch; None for the default one.
        installer: `auto`, `pip` or `uv`.
        fresh: make the environment again, even where one fits.
    """

    target: str
    python: str | None = None
    torch_index: str | None = None
    installer: str = "auto"
    fresh: bool = False


@dataclass(frozen=True)
class Environment:
    """An environment in which the pins train.

    Attributes:
        environment: its folder.
        python: its interpreter.
        pins: the pins that train in it.
        packages: the version of each distribution in it, by normalised name.
        created: whether this call made it.
        installer: what made it; None where yolopatch did not.
    """

    environment: str
    python: str
    pins: tuple[str, ...]
    packages: Mapping[str, str]
    created: bool
    installer: str | None


@dataclass(frozen=True)
class CommandRun:
    """A command that ran in a workspace's environment."""

    workspace: Path
    python: str
    command: tuple[str, ...]
    exit_code: int


def create_environment(request: EnvironmentRequest, watch: Watch = no_watch) -> Environment:
    """Return an environment for a tutorial, a workspace or a pin; make one only where none fits.

    Args:
        request: the target and the options.
        watch: called with each step.

    Raises:
        UsageError: the target or the value of an option does not exist.
        NoWorkspaceError: the target is a folder that is no checkout of an upstream that we know.
        YolopatchError: the environment could not be made; no part of it is left.
    """
    wanted = set_of(find_target(request.target))
    index = _check_index(request.torch_index)
    installer = find_installer(request.installer)
    named = inspect_interpreter(request.python) if request.python else None
    if not (request.fresh or index):
        found = named or inspect_interpreter(sys.executable)
        if not unmet_requirements(wanted, found):
            return _environment(wanted, found, created=False, installer=None)
    cache = cache_dir()
    if not (request.fresh or named):
        for made in complete_environments(wanted, cache):
            if made.record.torch_index == hide_passwords(index):
                return _environment(wanted, inspect_interpreter(made.python), False, made.record.installer)
    base = _find_base(wanted, named, installer)
    return _make(wanted, base, index, installer, request.fresh, watch)


def find_environment(pin: Pin, python: str | None, cache: Path) -> Interpreter:
    """Return the interpreter to run a pin with: the given one, else that of its environment, else the current one.

    Args:
        pin: the upstream.
        python: the interpreter that the user named; None to find one.
        cache: the cache folder, which holds the environments.

    Raises:
        YolopatchError: the named interpreter does not exist, or is no Python that yolopatch can use.
    """
    if python:
        return inspect_interpreter(python)
    # an environment with torch from the default index comes first
    made = sorted(complete_environments(set_of(pin), cache), key=lambda one: one.record.torch_index)
    return inspect_interpreter(made[0].python if made else sys.executable)


def run_in_workspace(place: Path, command: tuple[str, ...], python: str | None, quiet: bool) -> CommandRun:
    """Run a command from the workspace, in its environment and with its settings.

    Args:
        place: the workspace.
        command: the command and its arguments.
        python: the interpreter; None to find one.
        quiet: send what the command prints to stderr, so that stdout has only the result.

    Raises:
        NoWorkspaceError: the folder is no checkout of an upstream that we know.
        YolopatchError: the command or the environment does not exist.
    """
    place = place.absolute()
    pin = _pin_of(place)
    found = find_environment(pin, python, cache_dir())
    if "torch" not in found.packages:
        raise YolopatchError(
            f"no environment for {pin.name}: {found.executable} has no torch",
            hint=f"yolopatch env create {pin.name}",
        )
    code = run_command(command, place, upstream_variables(place, found), quiet)
    return CommandRun(place, found.executable, command, code)


def find_target(target: str) -> Pin:
    """Return the pin of a tutorial or of a workspace, or the pin with this name.

    Raises:
        UsageError: no such target; the hint has the nearest names.
        NoWorkspaceError: the target is a folder that is no checkout of an upstream that we know.
    """
    tutorial = find_tutorial(target)
    pin = PINS[tutorial.pin] if tutorial else find_pin(target)
    if pin:
        return pin
    place = Path(target)
    if place.is_dir():
        return _pin_of(place.absolute())
    known = [*(module.tutorial.id for module in MODULES.values() if module.tutorial), *PINS]
    raise unknown("tutorial, workspace or pin", target, known, "yolopatch list tutorials")


def unmet_requirements(wanted: EnvironmentSet, found: Interpreter) -> tuple[str, ...]:
    """Return what an interpreter lacks for the set, a line each; empty where it fits."""
    python = () if wanted.runs_on(found.python) else (f"Python {found.python}",)
    lacking = (_lacking(requirement, found.packages) for requirement in wanted.requirements)
    return (*python, *(line for line in lacking if line))


def _lacking(requirement: Requirement, packages: Mapping[str, str]) -> str:
    version = packages.get(requirement.name)
    if version is None:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return ""
    return f"{requirement.name} {version} is not {requirement.specifier}"


def _pin_of(place: Path) -> Pin:
    checkout = read_checkout(place)
    if checkout.pin is None:
        raise UsageError(
            f"yolopatch has no pin of the upstream version in {place}",
            details=[f"pins: {', '.join(PINS)}"],
            hint=f"use the environment of the nearest pin: yolopatch env create {nearest_pin(checkout).name}",
        )
    return checkout.pin


def _check_index(index: str | None) -> str:
    if index and not re.match(r"(https?|file)://", index):
        raise UsageError(
            f"--torch-index {index} is not the URL of a package index",
            hint="e.g. --torch-index https://download.pytorch.org/whl/cpu (or /cu118, /cu121 at the end)",
        )
    return index or ""


def _make(
    wanted: EnvironmentSet, base: Interpreter, index: str, installer: Installer, fresh: bool, watch: Watch
) -> Environment:
    python = ".".join(base.python.split(".")[:2])
    record = EnvironmentRecord(wanted.name, requirements_digest(wanted), python, hide_passwords(index), installer.name)

    def fill(folder: Path) -> None:
        require_space(folder, wanted.room_cpu if re.search(r"\bcpu\b", index) else wanted.room)
        torch = tuple(str(one) for one in wanted.requirements if one.name in _TORCH)
        order = InstallRequest(folder, base.executable, wanted.file, torch, index or None)
        install(order, installer, watch)
        _require_complete(wanted, order.python)

    made, created = ensure_environment(record, cache_dir(), fresh, fill)
    return _environment(wanted, inspect_interpreter(made.python), created, made.record.installer)


def _require_complete(wanted: EnvironmentSet, python: str) -> None:
    lacking = unmet_requirements(wanted, inspect_interpreter(python))
    if lacking:
        raise YolopatchError(
            "no environment was made: the installer chose other versions than the required ones",
            details=lacking,
            hint="look for a constraint in PIP_CONSTRAINT, UV_CONSTRAINT or the settings of pip or uv",
        )


def _environment(wanted: EnvironmentSet, found: Interpreter, created: bool, installer: str | None) -> Environment:
    return Environment(found.prefix, found.executable, wanted.pins, found.packages, created, installer)


def _find_base(wanted: EnvironmentSet, named: Interpreter | None, installer: Installer) -> Interpreter:
    """Return an interpreter that can make an environment of the set."""
    looked_for: list[str] = []
    for candidate in [named] if named else _candidates(wanted, looked_for):
        if wanted.runs_on(candidate.python) and (candidate.can_make or installer.name == "uv"):
            return candidate
    pythons = " or ".join(sorted(wanted.pythons))
    if named:
        lacks = "has no venv and ensurepip" if wanted.runs_on(named.python) else f"is Python {named.python}"
        raise YolopatchError(
            f"{named.executable} {lacks}; {', '.join(wanted.pins)} train on Python {pythons}",
            hint="name another Python with --python, or leave the option out",
        )
    uv = f", or: uv python install {wanted.pythons[0]}" if installer.name == "uv" else ""
    raise YolopatchError(
        f"no Python {pythons} with venv was found to make an environment",
        details=[f"looked for: {', '.join(looked_for)}"],
        hint=f"install one (with python3-venv on Debian and Ubuntu){uv}, or name one with --python",
    )


def _candidates(wanted: EnvironmentSet, looked_for: list[str]) -> Iterator[Interpreter]:
    for name in (sys.executable, *(f"python{version}" for version in wanted.pythons), "python3", "python"):
        looked_for.append(name)
        try:
            yield inspect_interpreter(name)
        except YolopatchError:
            continue
