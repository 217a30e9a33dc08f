"""`env create`: find or make an environment in which a pin trains."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from yolopatch.catalog.environment.environments import EnvironmentSet, pythons_of, sets_of
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.text import hide_passwords
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.environment.environments import Environment as Made
from yolopatch.outside.environment.environments import (
    EnvironmentRecord,
    complete_environments,
    ensure_environment,
    require_space,
    requirements_digest,
)
from yolopatch.outside.environment.executable import environment_python
from yolopatch.outside.environment.installer import Installer, InstallRequest, find_installer, install
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.outside.source.store import cache_dir
from yolopatch.outside.watch import Watch, no_watch
from yolopatch.steps.environment.faults import ERROR, Fault, find_faults
from yolopatch.steps.environment.target import Target, find_target
from yolopatch.wire import shell

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
        pins: the pins that train in it, some of them only with the compatibility patch.
        packages: the version of each distribution in it, by normalised name.
        created: whether this call made it.
        installer: what made it; None where yolopatch did not.
        activate: the command that activates it in a shell, None for a Python that is no virtual environment.
        compat: the command that applies the compatibility patch, where the target needs it in this environment and does
            not have it; else None.
    """

    environment: str
    python: str
    pins: tuple[str, ...]
    packages: Mapping[str, str]
    created: bool
    installer: str | None
    activate: str | None
    compat: str | None


def create_environment(request: EnvironmentRequest, watch: Watch = no_watch) -> Environment:
    """Return an environment for a tutorial, a workspace or a pin; make one only where none fits.

    An environment fits if nothing would fail in it, by the same judgement as `doctor`'s.

    Args:
        request: the target and the options.
        watch: called with each step.

    Raises:
        UsageError: the target or the value of an option does not exist.
        NoWorkspaceError: the target is a folder that is no checkout of an upstream that we know.
        YolopatchError: the environment could not be made; no part of it is left.
    """
    target = find_target(request.target)
    index = _check_index(request.torch_index)
    installer = find_installer(request.installer)
    named = inspect_interpreter(request.python) if request.python else None
    looked_for: dict[str, None] = {}
    for wanted in sets_of(target.pin):
        if not request.fresh:
            for found, made_by in _existing(wanted, named, index):
                if fits(target.pin, found, wanted, target):
                    return _environment(target, wanted, found, False, made_by)
        base = _find_base(wanted, named, installer, looked_for)
        if base:
            return _make(request, target, wanted, base, installer, watch)
    raise _no_base(sets_of(target.pin), named, installer, tuple(looked_for))


def _existing(
    wanted: EnvironmentSet, named: Interpreter | None, index: str
) -> Iterator[tuple[Interpreter, str | None]]:
    """Yield the interpreters that may fit, and what made each environment: those that the commands would take first."""
    if named is None:
        for made in complete_environments(wanted, cache_dir()):
            if made.record.torch_index == hide_passwords(index):
                yield inspect_interpreter(made.python), made.record.installer
    if not index:
        yield named or inspect_interpreter(sys.executable), None


def fits(pin: Pin, found: Interpreter, wanted: EnvironmentSet, target: Target | None = None) -> bool:
    """Return whether nothing would fail, with the compatibility patch where the pin needs it in every such environment.

    Args:
        pin: the upstream.
        found: the interpreter.
        wanted: the set of versions that would be installed otherwise.
        target: the workspace that is to run, None for the pin as it is.
    """
    compat = wanted.needs_compat(pin) or (target is not None and target.compat)
    return not _errors(pin, compat, found, target.tree if target else None)


def _errors(pin: Pin, compat: bool, found: Interpreter, tree: Path | None) -> list[Fault]:
    return [one for one in find_faults(pin, compat, found, tree) if one.severity == ERROR]


def unmet_requirements(wanted: EnvironmentSet, found: Interpreter) -> tuple[str, ...]:
    """Return what an interpreter lacks of the set's exact versions, a line each; empty where it has all."""
    return tuple(line for one in wanted.requirements if (line := _lacking(one, found.packages)))


def _lacking(requirement: Requirement, packages: Mapping[str, str]) -> str:
    version = packages.get(requirement.name)
    if version is None:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return ""
    return f"{requirement.name} {version} is not {requirement.specifier}"


def _check_index(index: str | None) -> str:
    if index and not re.match(r"(https?|file)://", index):
        raise UsageError(
            f"--torch-index {index} is not the URL of a package index",
            hint="e.g. --torch-index https://download.pytorch.org/whl/cpu (or /cu118, /cu121 at the end)",
        )
    return index or ""


def _make(
    request: EnvironmentRequest,
    target: Target,
    wanted: EnvironmentSet,
    base: Interpreter,
    installer: Installer,
    watch: Watch,
) -> Environment:
    index = request.torch_index or ""
    python = ".".join(base.python.split(".")[:2])
    record = EnvironmentRecord(wanted.name, requirements_digest(wanted), python, hide_passwords(index), installer.name)

    def keeps(made: Made) -> bool:
        return not request.fresh and fits(target.pin, inspect_interpreter(made.python), wanted, target)

    def fill(folder: Path) -> None:
        require_space(folder, wanted.room_cpu if re.search(r"\bcpu\b", index) else wanted.room)
        torch = tuple(str(one) for one in wanted.requirements if one.name in _TORCH)
        order = InstallRequest(folder, base.executable, wanted.file, torch, index or None)
        install(order, installer, watch)
        _require_complete(wanted, order.python)

    made, created = ensure_environment(record, cache_dir(), keeps, fill)
    return _environment(target, wanted, inspect_interpreter(made.python), created, made.record.installer)


def _require_complete(wanted: EnvironmentSet, python: str) -> None:
    lacking = unmet_requirements(wanted, inspect_interpreter(python))
    if lacking:
        raise YolopatchError(
            "no environment was made: the installer chose other versions than the required ones",
            details=lacking,
            hint="look for a constraint in PIP_CONSTRAINT, UV_CONSTRAINT or the settings of pip or uv",
        )


def _environment(
    target: Target, wanted: EnvironmentSet, found: Interpreter, created: bool, installer: str | None
) -> Environment:
    pins = tuple(name for name in wanted.pins if fits(PINS[name], found, wanted))
    is_broken = not target.compat and bool(_errors(target.pin, False, found, target.tree))
    script = environment_python(Path(found.prefix)).with_name("activate")
    return Environment(
        environment=found.prefix,
        python=found.executable,
        pins=pins,
        packages=found.packages,
        created=created,
        installer=installer,
        activate=shell.activate(script) if script.is_file() else None,
        compat=target.mend if is_broken else None,
    )


def _find_base(
    wanted: EnvironmentSet, named: Interpreter | None, installer: Installer, looked_for: dict[str, None]
) -> Interpreter | None:
    """Return an interpreter that can make an environment of the set, None without one; add what was looked for."""
    for candidate in [named] if named else _candidates(wanted, looked_for):
        if wanted.runs_on(candidate.python) and (candidate.can_make or installer.name == "uv"):
            return candidate
    return None


def _no_base(
    sets: Sequence[EnvironmentSet], named: Interpreter | None, installer: Installer, looked_for: Sequence[str]
) -> YolopatchError:
    *others, newest = pythons_of(sets)
    versions = f"{', '.join(others)} or {newest}"
    if named:
        runs = any(one.runs_on(named.python) for one in sets)
        return YolopatchError(
            f"{named.executable} {'has no venv and ensurepip' if runs else f'is Python {named.python}'}; "
            f"{', '.join(sets[0].pins)} train on Python {versions}",
            hint="name another Python with --python, or leave the option out",
        )
    uv = f", or: uv python install {sets[0].pythons[0]}" if installer.name == "uv" else ""
    return YolopatchError(
        f"no Python {versions} with venv was found to make an environment",
        details=[f"looked for: {', '.join(looked_for)}"],
        hint=f"install one (with python3-venv on Debian and Ubuntu){uv}, or name one with --python",
    )


def _candidates(wanted: EnvironmentSet, looked_for: dict[str, None]) -> Iterator[Interpreter]:
    for name in (sys.executable, *(f"python{version}" for version in wanted.pythons), "python3", "python"):
        looked_for[name] = None
        try:
            yield inspect_interpreter(name)
        except YolopatchError:
            continue
