"""Guess the fork that can load a checkpoint without a stamp, from the names that it imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.catalog.modules import find_module, module_of_class
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.checkpoint.strange import SCRIPT_HINT, Strange, listed, strange_names
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


def guess_fork(
    asked: Sequence[str], version: str | None, read: Callable[[list[str]], Mapping[str, str]] | None = None
) -> Guess:
    """Return a guess of the fork that made a checkpoint.

    Args:
        asked: `module.name` of everything that it would import.
        version: the version of upstream in it; None for v6.1, which does not write it.
        read: returns the text of the paths of `guessed_pin`; without it, what upstream's own files define is not known.
    """
    names = sorted({name.rpartition(".")[2] for name in asked if not name.startswith("torch.")})
    classes = [name for name in names if module_of_class(name)]
    modules = sorted({find_module(name).name for name in classes})
    upstream = _upstream(asked)
    if upstream is None:
        return Guess(("it has no class of ultralytics or yolov5",), "name a checkpoint that upstream's training saved")
    pin = guessed_pin(asked, version)
    strange = strange_names(pin, asked, read)
    release = f"{upstream} {pin.version if pin else version or '(unknown version)'}"
    details = (
        f"upstream: {upstream} {version or '(unknown version)'}",
        f"classes that yolopatch adds: {', '.join(classes[:_MOST]) or 'none'}",
        *_strange_lines(strange, release),
    )
    if strange.script:
        return Guess(details, SCRIPT_HINT)
    if strange.others:
        return Guess(
            details,
            "loading it imports what a usual checkpoint does not need: do it only if you know who wrote the file, in "
            "the environment that trained it",
        )
    if strange.copy:
        return Guess(
            details,
            f"only the copy of {release} that trained it has the code of these classes, so load it there. To make a "
            "clean workspace with them: yolopatch adopt FOLDER for the whole copy, or yolopatch add FILE.py for one "
            "class",
        )
    if pin is None:
        return Guess(details, _without_pin(upstream, version))
    if not modules:
        return Guess(details, _plain(release, seen=read is not None))
    command = f"yolopatch apply --repo {pin.name} " + " ".join(f"--module {shell.quote(name)}" for name in modules)
    return Guess(details, f"the flavor is unknown; make a workspace with the default: {command}")


def guessed_pin(asked: Sequence[str], version: str | None) -> Pin | None:
    """Return the pin of the upstream that a checkpoint comes from, None where there is none of its version."""
    upstream = _upstream(asked)
    return _pin(upstream, asked, version) if upstream else None


def _strange_lines(strange: Strange, release: str) -> Iterator[str]:
    if strange.script:
        yield f"classes of the training script: {listed(strange.script)}"
    if strange.copy:
        yield f"not in {release}: {listed(strange.copy)}"
    if strange.others:
        yield f"neither of upstream nor of torch: {listed(strange.others)}"


def _without_pin(upstream: str, version: str | None) -> str:
    known = ", ".join(pin.name for pin in PINS.values() if pin.upstream == upstream)
    hint = f"yolopatch has no pin of that version; its pins: {known}"
    port = f"; to make one: yolopatch port --to ultralytics=={version} --save" if upstream == "ultralytics" else ""
    return hint + (port if version else "")


def _plain(release: str, *, seen: bool) -> str:
    if seen:
        return f"it needs no module of yolopatch: {release} itself can load it"
    return (
        f"it needs no module of yolopatch: {release} itself can load it, if none of its classes was added by hand "
        "(that release is not in the cache, so its files were not looked at)"
    )


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
