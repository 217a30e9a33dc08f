"""`env`: the environment in which a pin really trains, made where nothing that is there fits."""

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
from yolopatch.outside.environment.environments import Stamp, digest_of, ensure, environments, require_room
from yolopatch.outside.environment.installer import Installer, Order, find_installer, install, masked
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.environment.run_command import run_command
from yolopatch.outside.environment.upstream_home import upstream_environment
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.outside.source.store import cache_dir
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.checkout import read_checkout

_TORCH = ("torch", "torchvision")


@dataclass(frozen=True)
class EnvironmentRequest:
    """What `env create` is asked for.

    Attributes:
        target: a tutorial, a workspace or a pin.
        python: the interpreter to take, or to make the environment from.
        torch_index: the index to take torch from.
        installer: `auto`, `pip` or `uv`.
        fresh: make it again even where one fits.
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
        packages: the version of each distribution in it.
        created: whether it was made now.
        installer: what made it; None for one that yolopatch did not make.
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


def _unwatched(what: str, number: int, count: int) -> None:
    """Nobody asked."""


def create_environment(request: EnvironmentRequest, watch: Watch = _unwatched) -> Environment:
    """Return an environment for a tutorial, a workspace or a pin; it is made only where none fits.

    Raises:
        UsageError: the target or an option names nothing.
        ConflictError: the target is a folder with no upstream in it.
        YolopatchError: it could not be made; nothing of it is left.
    """
    wanted = set_of(find_target(request.target))
    index = _checked_index(request.torch_index)
    installer = find_installer(request.installer)
    named = inspect_interpreter(request.python) if request.python else None
    if not (request.fresh or index):
        found = named or inspect_interpreter(sys.executable)
        if not unmet_requirements(wanted, found):
            return _told(wanted, found, created=False, installer=None)
    cache = cache_dir()
    if not (request.fresh or named):
        for made in environments(wanted, cache):
            if made.stamp.torch_index == masked(index):
                return _told(wanted, inspect_interpreter(made.python), False, made.stamp.installer)
    base = _base(wanted, named, installer)
    return _made(wanted, base, index, installer, request.fresh, watch)


def find_environment(pin: Pin, python: str | None, cache: Path) -> Interpreter:
    """Return the named interpreter, else that of the environment made for the pin, else the current one.

    Raises:
        YolopatchError: the named one is no Python that could do.
    """
    if python:
        return inspect_interpreter(python)
    # without an index of its own first: that is what is made where nobody asks for another
    made = sorted(environments(set_of(pin), cache), key=lambda one: one.stamp.torch_index)
    return inspect_interpreter(made[0].python if made else sys.executable)


def run_in_workspace(place: Path, command: tuple[str, ...], python: str | None, quiet: bool) -> CommandRun:
    """Run a command from the workspace, in its environment and with its settings.

    Args:
        quiet: what it prints goes to stderr, so that stdout is ours.

    Raises:
        ConflictError: the folder holds no upstream.
        YolopatchError: there is no such command, or no environment.
    """
    place = place.absolute()
    pin = _pin_of(place)
    found = find_environment(pin, python, cache_dir())
    if "torch" not in found.packages:
        raise YolopatchError(
            f"there is no environment for {pin.name}: {found.executable} has no torch",
            hint=f"yolopatch env create {pin.name}",
        )
    code = run_command(command, place, upstream_environment(place, found), quiet)
    return CommandRun(place, found.executable, command, code)


def find_target(target: str) -> Pin:
    """Return the pin of a tutorial, a workspace, or the pin of that name.

    Raises:
        UsageError: it is none of them; the nearest names are in the hint.
        ConflictError: it is a folder with no upstream in it.
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
    """Return what keeps an interpreter from being an environment of the set; empty where it is one."""
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
    pin = read_checkout(place).pin
    if pin is None:
        raise UsageError(f"{place} is no pin that yolopatch knows", hint=f"name the nearest one: {', '.join(PINS)}")
    return pin


def _checked_index(index: str | None) -> str:
    if index and not re.match(r"(https?|file)://", index):
        raise UsageError(
            f"--torch-index {index} is no address of a package index",
            hint="e.g. --torch-index https://download.pytorch.org/whl/cpu (or /cu118, /cu121)",
        )
    return index or ""


def _made(
    wanted: EnvironmentSet, base: Interpreter, index: str, installer: Installer, fresh: bool, watch: Watch
) -> Environment:
    python = ".".join(base.python.split(".")[:2])
    stamp = Stamp(wanted.name, digest_of(wanted), python, masked(index), installer.name)

    def fill(folder: Path) -> None:
        require_room(folder, wanted.room_cpu if re.search(r"\bcpu\b", index) else wanted.room)
        torch = tuple(str(one) for one in wanted.requirements if one.name in _TORCH)
        order = Order(folder, base.executable, wanted.file, torch, index or None)
        install(order, installer, watch)
        _require_complete(wanted, order.python)

    made, created = ensure(stamp, cache_dir(), fresh, fill)
    return _told(wanted, inspect_interpreter(made.python), created, made.stamp.installer)


def _require_complete(wanted: EnvironmentSet, python: str) -> None:
    lacking = unmet_requirements(wanted, inspect_interpreter(python))
    if lacking:
        raise YolopatchError(
            "no environment was made: what was installed is not what was asked for",
            details=lacking,
            hint="another constraint of yours may be at work: see PIP_CONSTRAINT and your pip's or uv's settings",
        )


def _told(wanted: EnvironmentSet, found: Interpreter, created: bool, installer: str | None) -> Environment:
    return Environment(found.prefix, found.executable, wanted.pins, found.packages, created, installer)


def _base(wanted: EnvironmentSet, named: Interpreter | None, installer: Installer) -> Interpreter:
    """Return an interpreter that an environment of the set can be made from."""
    looked_for: list[str] = []
    for candidate in [named] if named else _candidates(wanted, looked_for):
        if wanted.runs_on(candidate.python) and (candidate.can_make or installer.name == "uv"):
            return candidate
    pythons = " or ".join(sorted(wanted.pythons))
    if named:
        lacks = "has no venv and ensurepip" if wanted.runs_on(named.python) else f"is Python {named.python}"
        raise YolopatchError(
            f"{named.executable} {lacks}: {', '.join(wanted.pins)} train on Python {pythons}",
            hint="name another one with --python, or leave it out",
        )
    uv = f", or: uv python install {wanted.pythons[0]}" if installer.name == "uv" else ""
    raise YolopatchError(
        f"there is no Python {pythons} with venv to make an environment from",
        details=[f"looked for: {', '.join(looked_for)}"],
        hint=f"install one (with python3-venv on Debian and Ubuntu){uv}, or name it with --python",
    )


def _candidates(wanted: EnvironmentSet, looked_for: list[str]) -> Iterator[Interpreter]:
    for name in (sys.executable, *(f"python{version}" for version in wanted.pythons), "python3", "python"):
        looked_for.append(name)
        try:
            yield inspect_interpreter(name)
        except YolopatchError:
            continue
