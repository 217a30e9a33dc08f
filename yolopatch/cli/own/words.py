"""The result lines of `add` (what was decided, and why) and of `forget`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from yolopatch.catalog.kinds import KINDS, LOSS
from yolopatch.catalog.pins import PINS, Pin, newest
from yolopatch.cli.layout import badge, command, pairs, table
from yolopatch.core.language.spoken import spoken
from yolopatch.core.own.tried import FAILED, NOT_BUILT
from yolopatch.wire.python.packages import PACKAGE_OF

if TYPE_CHECKING:
    from yolopatch.core.own.tried import Tried
    from yolopatch.steps.own.add import AddedModule
    from yolopatch.steps.own.files import Lines
    from yolopatch.steps.own.forget import Forgotten
    from yolopatch.steps.own.try_pins import PinResult

_READY, _REFUSED = "ready", "refused"


def words(found: AddedModule) -> Iterator[str]:
    """Yield the module, its constructor's arguments, its state on each pin, and the next commands."""
    decision = found.decision
    yield f"{badge('added' if found.changed else 'unchanged', 'green')}  {found.module}"
    yield from pairs(
        [
            ("class", f"{decision.symbol}{decision.constructor}, {found.place}"),
            ("replaces", KINDS[decision.kind].replaces),
            ("because", decision.why),
            *([("default", f"placement {found.placement}")] if found.placement and not found.misfit else []),
            ("catalog", found.catalog),
        ]
    )
    rows = [(given.argument, given.value, given.why) for given in decision.given]
    if rows:
        yield from table(("argument", "value", "because"), rows, left=3)
    if decision.left:
        yield f"left at the file's defaults: {', '.join(decision.left)}"
    for one in found.pins:
        why = f", {spoken().translate(one.why)}" if one.why else _built(one)
        yield f"  {one.pin}: {spoken().translate(one.state)}{why}"
        for line, said in one.renamed:
            yield f"    line {line} gives arguments by their names here: {said}"
    yield from _tried(found.tried)
    for hint in dict.fromkeys(one.hint for one in found.pins if one.hint):
        yield f"  if refused: {hint}"
    yield from _left_out(found)
    repo, pin = _usable(found)
    yield command(f"next: yolopatch apply --repo {repo} --module {found.module} --dest my-yolo")
    if decision.kind == LOSS:  # no model's YAML names it
        return
    if found.misfit:
        yield f"      write its rows into a model YAML of your own, my-yolo/my.yaml: {found.misfit}"
        yield command("yolopatch verify my-yolo --cfg my.yaml", " " * 6)
        return
    scale = found.scales.get(pin.model, "n")
    yield command(f"yolopatch render-cfg --module {found.module} --model {pin.model} --scale {scale}", " " * 6)


def _built(one: PinResult) -> str:
    """Return what is known of a pin that can have the module."""
    return (
        ", and a model with it was built and run"
        if one.built
        else ", its patch compiles"
        if one.state == _READY
        else ""
    )


def _tried(tried: Tried) -> Iterator[str]:
    """Yield what became of a model with the module."""
    if tried.state == NOT_BUILT:
        yield f"no model was built: {tried.why}" + (f" ({tried.hint})" if tried.hint else "")
    elif tried.state == FAILED:
        yield f"the model {tried.model} of {tried.pin} fails with it: {tried.why}"
        yield from (f"  {line}" for line in tried.details)


def _usable(found: AddedModule) -> tuple[str, Pin]:
    """Return the `--repo` value and the pin for the next commands: the newest pin, or one that accepts the module."""
    able = [one for one in found.pins if one.state != _REFUSED]
    works = [one for one in able if not found.scales or PINS[one.pin].model in found.scales] or able
    usual = newest("ultralytics")
    if usual.name in {one.pin for one in works}:
        return usual.upstream, usual
    best = next((one for one in works if one.state == _READY), works[0]).pin
    return best, PINS[best]


def _left_out(found: AddedModule) -> Iterator[str]:
    for one in found.left_out:
        yield f"  left out: {_lines(one.first, one.last)}{_in(one, found)}, {one.why}"
    for said in found.written:
        yield f"  written below the file: {said}"
    for one in found.mended:
        yield f"  read: {_lines(one.first, one.last)}{_in(one, found)}, {one.why}"
    ready = next((pin for pin in found.pins if pin.state == _READY), None)
    for first, last, why in ready.left_out if ready else ():
        yield f"  left out: {_lines(first, last)}, {why}"
    for line in ready.imported if ready else ():
        yield f"  added: {line}"


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _in(lines: Lines, found: AddedModule) -> str:
    """Return the file of the lines, if there are several."""
    return f" of {lines.file}" if found.siblings else ""


def notes(found: AddedModule, usual: Path) -> Iterator[str]:
    """Yield the notes that go with the result."""
    if found.decision.doubt:
        yield found.decision.doubt
    if found.packages:
        packages = ", ".join(map(_package, found.packages))
        yield (
            f"the module imports {packages}: install this in every environment that builds a model with it; the others"
            " work without"
        )
        for name in found.packages:
            if name not in (*found.named_packages, *PACKAGE_OF):
                yield f"if {name} is a file of the post's repository and no package: add it, too, --with {name}.py"
    for name, line in found.taken:
        yield f"line {line} stores `{name}` on the module, but parse_model overwrites this attribute: rename it"
    if found.catalog != usual:
        yield f"set YOLOPATCH_CATALOG={found.catalog}, so that other commands find the module"


def _package(module: str) -> str:
    """Return a package that a module imports, with its name for pip where that is another one."""
    name = PACKAGE_OF.get(module, module)
    return module if name == module else f"{module} (for pip: {name})"


def forgotten(found: Forgotten) -> Iterator[str]:
    """Yield the removed module and its files, and the workspaces that keep it."""
    yield f"{badge('removed', 'green')}  {found.module}"
    yield from pairs([("catalog", found.catalog), *(("deleted", file) for file in found.files)])
    for place in found.workspaces:
        yield f"  still in {place}, which goes on as before"
