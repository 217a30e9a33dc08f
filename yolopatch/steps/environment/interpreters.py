"""The one rule for the interpreter that runs upstream's code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from yolopatch.catalog.environment.environments import sets_of
from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.pins import Pin
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.environments import Environment, complete_environments
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.outside.workspace.checkout import Checkout
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.environment.faults import ERROR, find_faults, missing_needs
from yolopatch.steps.environment.nearest_pin import own_or_nearest_pin
from yolopatch.wire import shell

_IMPORT = "import"


def choose_interpreter(pin: Pin, python: str | None, cache: Path) -> Interpreter:
    """Return the interpreter to run a pin with: the given one, else that of its environment, else the current one.

    Args:
        pin: the upstream.
        python: the interpreter that the user named; None to choose one.
        cache: the cache folder, which holds the environments.

    Raises:
        YolopatchError: the named interpreter does not exist, or is no Python that yolopatch can use.
    """
    made = None if python else next(made_environments(pin, cache), None)
    return inspect_interpreter(python or (made.python if made else sys.executable))


def made_environments(pin: Pin, cache: Path) -> Iterator[Environment]:
    """Yield the environments that `env create` made for a pin, best first."""
    for wanted in sets_of(pin):
        # an environment with torch from the default index comes first
        yield from sorted(complete_environments(wanted, cache), key=lambda one: one.record.torch_index)


def find_interpreter(
    pin: Pin, python: str | None, cache: Path, *, compat: bool = False, tree: Path | None = None
) -> Interpreter:
    """Choose the interpreter to run a pin with, and check that the pin can be imported in it.

    Args:
        pin, python, cache: as for `choose_interpreter`.
        compat: whether the compatibility patch is applied.
        tree: the checkout that is to be run; None where there is none yet.

    Raises:
        YolopatchError: as `choose_interpreter`; or something would fail when the pin is imported.
    """
    found = choose_interpreter(pin, python, cache)
    require_importable(pin, found, compat=compat, tree=tree)
    return found


def require_importable(pin: Pin, found: Interpreter, *, compat: bool, tree: Path | None) -> None:
    """Check that the pin can be imported in the interpreter.

    Args:
        pin, compat, tree: as for `find_interpreter`.
        found: the interpreter.

    Raises:
        YolopatchError: something would fail; the message says what is missing, and what to run.
    """
    place = shell.quote(tree) if tree else "WORKSPACE"
    faults = find_faults(pin, compat, found, tree, place)
    fatal = [one for one in faults if (one.severity, one.stage) == (ERROR, _IMPORT)]
    if fatal:
        missing = [need.distribution for need in missing_needs(pin, found, tree) if need.stage == _IMPORT]
        why = f"it lacks {', '.join(missing)}" if missing else fatal[0].what
        raise YolopatchError(f"{found.executable} cannot import {pin.name}: {why}", hint=fatal[0].hint)


def find_interpreter_in(workspace: Workspace, python: str | None, cache: Path) -> Interpreter:
    """Choose the interpreter to run a workspace with, as `find_interpreter`.

    Raises:
        YolopatchError: as `find_interpreter`.
    """
    return find_interpreter(workspace.pin, python, cache, compat=COMPAT in workspace.fix_patches, tree=workspace.path)


def find_interpreter_for(checkout: Checkout, python: str | None, cache: Path) -> Interpreter:
    """Choose the interpreter to run a checkout with, as `find_interpreter`; without a pin, by the most similar one.

    Raises:
        YolopatchError: as `find_interpreter`.
    """
    return find_interpreter(own_or_nearest_pin(checkout), python, cache, compat=checkout.compat, tree=checkout.path)
