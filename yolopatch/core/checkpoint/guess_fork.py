"""Guess the fork that can load a checkpoint without a stamp, from the names that it imports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yolopatch.catalog.modules import find_module, module_of_class
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.wire import shell

_MOST = 12  # names in a message


@dataclass(frozen=True)
class Guess:
    """What is known about the fork of a checkpoint.

    Attributes:
        details: the facts, one line each.
        hint: what to do next.
    """

    details: tuple[str, ...]
    hint: str


def guess_fork(asked: Sequence[str], version: str | None) -> Guess:
    """Return a guess of the fork that made a checkpoint.

    Args:
        asked: `module.name` of everything that it would import.
        version: the version of upstream in it; None for v6.1, which does not write it.
    """
    names = sorted({name.rpartition(".")[2] for name in asked if not name.startswith("torch.")})
    classes = [name for name in names if module_of_class(name)]
    modules = sorted({find_module(name).name for name in classes})
    upstream = _upstream(asked)
    if upstream is None:
        return Guess(("it has no class of ultralytics or yolov5",), "name a checkpoint that upstream's training saved")
    made = f"upstream: {upstream} {version or '(unknown version)'}"
    pin = _pin(upstream, asked, version)
    layers = f"classes that yolopatch adds: {', '.join(classes[:_MOST]) or 'none'}"
    if pin is None:
        known = ", ".join(pin.name for pin in PINS.values() if pin.upstream == upstream)
        port = f"; to make one: yolopatch port --to ultralytics=={version} --save" if upstream == "ultralytics" else ""
        hint = f"yolopatch has no pin of that version; its pins: {known}"
        return Guess((made, layers), hint + (port if version else ""))
    if not modules:
        return Guess((made, layers), f"it needs no module of yolopatch: {upstream} {pin.version} itself can load it")
    command = f"yolopatch apply --repo {pin.name} " + " ".join(f"--module {shell.quote(name)}" for name in modules)
    return Guess((made, layers), f"the flavor is unknown; make a workspace with the default: {command}")


def _upstream(asked: Iterable[str]) -> str | None:
    roots = {name.split(".")[0] for name in asked}
    if "ultralytics" in roots:
        return "ultralytics"
    return "yolov5" if roots & {"models", "yolov5"} else None


def _pin(upstream: str, asked: Iterable[str], version: str | None) -> Pin | None:
    if upstream == "ultralytics":
        return PINS.get(f"ultralytics-{version}")
    packaged = any(name.startswith("yolov5.") for name in asked)
    return next(pin for pin in PINS.values() if pin.upstream == upstream and bool(pin.layout.package) == packaged)
