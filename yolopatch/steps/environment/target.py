"""What an environment is for: a pin, by its own name or by that of a tutorial or a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.modules import MODULES, find_tutorial
from yolopatch.catalog.names import unknown
from yolopatch.catalog.pins import PINS, Pin, find_pin
from yolopatch.errors import UsageError
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.steps.environment.mending import mend_command
from yolopatch.steps.environment.nearest_pin import nearest_pin
from yolopatch.wire import shell


@dataclass(frozen=True)
class Target:
    """A pin that is to run.

    Attributes:
        pin: the pin.
        compat: whether the compatibility patch is applied already.
        tree: the workspace, None for a name.
        mend: the command that applies the compatibility patch; for a workspace of a grid, what its file has to say.
    """

    pin: Pin
    compat: bool
    tree: Path | None
    mend: str


def find_target(target: str) -> Target:
    """Return what a tutorial's name, a workspace's folder or a pin's name stands for.

    Raises:
        UsageError: no such target; the hint has the nearest names.
        NoWorkspaceError: the target is a folder that is no checkout of an upstream that we know.
    """
    tutorial = find_tutorial(target)
    if tutorial:
        return Target(PINS[tutorial.pin], False, None, f"yolopatch reproduce {tutorial.id} --compat")
    pin = find_pin(target)
    if pin:
        return Target(pin, False, None, f"yolopatch apply --repo {pin.name} --compat")
    if Path(target).is_dir():
        return target_of(Path(target).absolute())
    known = [*(module.tutorial.id for module in MODULES.values() if module.tutorial), *PINS]
    raise unknown("tutorial, workspace or pin", target, known, "yolopatch list tutorials")


def target_of(place: Path) -> Target:
    """Return what a workspace, or another checkout of a pin's version, needs.

    Raises:
        UsageError: yolopatch has no pin of the checkout's version.
        NoWorkspaceError: the folder is no checkout of an upstream that we know.
    """
    checkout = read_checkout(place)
    pin = checkout.pin
    if pin is None:
        raise UsageError(
            f"yolopatch has no pin of the upstream version in {place}",
            details=[f"pins: {', '.join(PINS)}"],
            hint=f"use the environment of the nearest pin: yolopatch env create {nearest_pin(checkout).name}",
        )
    return Target(pin, checkout.compat, place, mend_command(COMPAT, pin, place, shell.quote(place)))
