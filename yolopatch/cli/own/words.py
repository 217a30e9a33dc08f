"""A module that was made of a pasted file: what was decided, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from yolopatch.catalog.pins import PINS, Pin, newest
from yolopatch.cli.layout import pairs, table

if TYPE_CHECKING:
    from yolopatch.steps.own.add import AddedModule

_READY, _REFUSED = "ready", "refused"
_PLACES = {
    "convolution": "in a Conv's place, with BatchNorm and activation behind it; in the convolutions of a block",
    "layer": "in a Conv's place, as it is; in the convolutions of a block",
    "block": "in the place of the family's block",
    "attention": "behind a layer, whose channels it keeps",
}


def words(found: AddedModule) -> Iterator[str]:
    """Give what the module is, what its constructor is given, how it stands with each pin, and what comes next."""
    decision = found.decision
    yield click.style("added" if found.changed else "unchanged", fg="green", bold=True) + f"  {found.module}"
    yield from pairs(
        [
            ("class", f"{decision.symbol}{decision.constructor}, line {decision.line} of {found.file.name}"),
            ("stands", _PLACES[decision.kind]),
            ("because", decision.why),
            ("usually", found.placement),
            ("catalog", found.catalog),
        ]
    )
    rows = [(given.argument, given.value, given.why) for given in decision.given]
    yield from table(("argument", "is given", "because"), rows, left=3)
    if decision.left:
        yield f"as the file has them: {', '.join(decision.left)}"
    for one in found.pins:
        yield f"  {one.pin}: {one.state}" + (f", {one.why}" if one.why else "")
    for hint in dict.fromkeys(one.hint for one in found.pins if one.hint):
        yield f"  for what is refused: {hint}"
    yield from _left_out(found)
    repo, pin = _usable(found)
    yield f"next: yolopatch apply --repo {repo} --module {found.module} --dest my-yolo"
    yield f"      yolopatch render-cfg --module {found.module} --model {pin.model} --scale n"


def _usable(found: AddedModule) -> tuple[str, Pin]:
    """Return how `--repo` names a pin that takes the module, and that pin: upstream's newest where that is one."""
    refused = {one.pin for one in found.pins if one.state == _REFUSED}
    usual = newest("ultralytics")
    if usual.name not in refused:
        return usual.upstream, usual
    ready = next(one.pin for one in found.pins if one.state == _READY)
    return ready, PINS[ready]


def _left_out(found: AddedModule) -> Iterator[str]:
    ready = next((pin for pin in found.pins if pin.state == _READY), None)
    for first, last, why in ready.left_out if ready else ():
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        yield f"  left out: {lines}, {why}"
    for line in ready.imported if ready else ():
        yield f"  put in: {line}"


def notes(found: AddedModule, usual: Path) -> Iterator[str]:
    """Give what the user should know beside that."""
    if found.decision.doubt:
        yield found.decision.doubt
    if found.packages:
        packages = ", ".join(found.packages)
        yield f"it imports {packages}: a workspace with it runs only where that is installed"
    for name, line in found.taken:
        yield f"line {line} stores `{name}` on the module, which parse_model overwrites: give it another name"
    if found.catalog != usual:
        yield f"commands find it with YOLOPATCH_CATALOG={found.catalog}"
