"""What a checkpoint without a stamp can be loaded in, as far as the names that it asks for tell."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yolopatch.catalog.modules import find_module, is_class
from yolopatch.catalog.pins import PINS, Pin

_MOST = 12  # names that are shown


@dataclass(frozen=True)
class Likely:
    """What made a checkpoint, as far as it says.

    Attributes:
        details: what it says, a line each.
        hint: what to do next.
    """

    details: tuple[str, ...]
    hint: str


def likely_fork(asked: Sequence[str], version: str | None) -> Likely:
    """Tell what made a checkpoint.

    Args:
        asked: `module.name` of all that it would import.
        version: what it says of upstream's version; v6.1 says nothing.
    """
    names = sorted({name.rpartition(".")[2] for name in asked if not name.startswith("torch.")})
    classes = [name for name in names if is_class(name)]
    modules = sorted({find_module(name).name for name in classes})
    upstream = _upstream(asked)
    if upstream is None:
        return Likely(
            ("it asks for no class of ultralytics or yolov5",), "name a checkpoint that upstream's training saved"
        )
    made = f"upstream: {upstream} {version or '(of a version that it does not say)'}"
    pin = _pin(upstream, asked, version)
    layers = f"classes that yolopatch adds: {', '.join(classes[:_MOST]) or 'none'}"
    if pin is None:
        known = ", ".join(pin.name for pin in PINS.values() if pin.upstream == upstream)
        port = f"; yolopatch port --to ultralytics=={version} --save makes one" if upstream == "ultralytics" else ""
        return Likely((made, layers), f"yolopatch has no pin of that version, only {known}{port if version else ''}")
    if not modules:
        return Likely((made, layers), f"it needs no module of yolopatch's: {upstream} {pin.version} itself loads it")
    command = f"yolopatch apply --repo {pin.name} " + " ".join(f"--module {shlex.quote(name)}" for name in modules)
    return Likely((made, layers), f"`{command}` makes what such a checkpoint needs; which flavor, it does not say")


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
