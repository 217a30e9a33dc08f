"""The account of a fork: what a paper would say of it, what else is in it, and what has no effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.fork.changes import (
    ADDED,
    ARCHITECTURE,
    AREAS,
    FORMATTING,
    LEFTOVER,
    NOTHING,
    FileChange,
    Part,
)
from yolopatch.core.fork.difference.yaml_files import shown
from yolopatch.core.fork.models.files import ModelFile
from yolopatch.core.fork.models.own import OwnClass
from yolopatch.core.fork.scripts.finder import Recommended

RECOMMENDED = "recommended"  # the kind of a setting that a script of the fork gives
# the areas that papers seldom mention
BESIDE = tuple(area for area in AREAS if area not in (ARCHITECTURE, NOTHING))


@dataclass(frozen=True)
class Item:
    """One thing that a fork changes.

    Attributes:
        path: the file.
        line: in it; 0 for a change of the whole file.
        name: what is changed: `bbox_iou`; "" for a change of the whole file.
        kind: added, changed or removed; RECOMMENDED for a setting that a script gives.
        affects: the areas.
        what: one sentence.
        release: another release that has it so; "" if none has.
    """

    path: str
    line: int
    name: str
    kind: str
    affects: tuple[str, ...]
    what: str
    release: str = ""

    @property
    def where(self) -> str:
        """The place, as a reader finds it: `utils/loss.py:98`."""
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True)
class Layer:
    """A class of the fork that the rows of models name.

    Attributes:
        own: the class.
        layers: the numbers of the rows, by the name of the YAML.
    """

    own: OwnClass
    layers: Mapping[str, tuple[int, ...]]

    @property
    def where(self) -> str:
        """The line that defines it."""
        return f"{self.own.path}:{self.own.line}"


@dataclass(frozen=True)
class Account:
    """What a fork changes, sorted for a reader.

    Attributes:
        layers: the fork's own classes in the rows of the models.
        helpers: what was added for them.
        paper: what else affects nothing but the architecture, and is used.
        beside: what affects anything else, by area; what affects several areas is in the first of them. What scripts
            recommend comes last.
        idle: what has an effect on none of them, and no leftover or formatting.
        formatted: files that are formatted, commented or ended otherwise.
        leftovers: files that nobody meant to publish.
        unused: definitions that the model does not need, and the number of files with nothing else.
    """

    layers: tuple[Layer, ...]
    helpers: tuple[Item, ...]
    paper: tuple[Item, ...]
    beside: dict[str, tuple[Item, ...]]
    idle: tuple[Item, ...]
    formatted: tuple[FileChange, ...]
    leftovers: tuple[FileChange, ...]
    unused: tuple[int, int]


def account(
    changes: Sequence[FileChange],
    models: Sequence[ModelFile],
    own: Sequence[OwnClass],
    given: Sequence[Recommended] = (),
) -> Account:
    """Return the changes of a fork, sorted for a reader.

    Args:
        changes: as `read_difference` gives them.
        models: those that are looked at.
        own: the classes of the fork that these name.
        given: the settings that its scripts recommend.
    """
    items = [item for change in changes if change.kind not in (FORMATTING, LEFTOVER) for item in _items(change)]
    paper = [item for item in items if item.affects == (ARCHITECTURE,)]
    layers = _layers(own, models)
    defined = {layer.where for layer in layers}
    others = [item for item in paper if item.where not in defined]
    helpers = [item for item in others if item.kind == ADDED and item.path.endswith(".py") and item.name]
    told = [*items, *map(_of_script, given)]
    beside = {area: tuple(item for item in told if _first(item) == area) for area in BESIDE}
    unused = [sum(not part.used for part in change.parts) for change in changes]
    only = sum(bool(change.parts) and not any(part.used for part in change.parts) for change in changes)
    return Account(
        layers=layers,
        helpers=tuple(helpers),
        paper=tuple(item for item in others if item not in helpers),
        beside={area: found for area, found in beside.items() if found},
        idle=tuple(item for item in items if not set(item.affects) - {NOTHING}),
        formatted=tuple(change for change in changes if change.kind == FORMATTING),
        leftovers=tuple(change for change in changes if change.kind == LEFTOVER),
        unused=(sum(unused), only),
    )


def _layers(own: Sequence[OwnClass], models: Sequence[ModelFile]) -> tuple[Layer, ...]:
    """Return the fork's own classes in the rows of models."""
    return tuple(Layer(one, {model.name: rows for model in models if (rows := _rows(one.name, model))}) for one in own)


def _rows(name: str, model: ModelFile) -> tuple[int, ...]:
    return tuple(number for number, row in enumerate(model.cfg.rows) if row[2] == name)


def _first(item: Item) -> str:
    """Return the first area beside the architecture that a change affects; "" for none."""
    return next((area for area in item.affects if area in BESIDE), "")


def _items(change: FileChange) -> Iterator[Item]:
    """Yield what a reader is told of a file; of one that another release has, that alone: its author wrote nothing."""
    used = [part for part in change.parts if part.used]
    if change.release and (used or not change.parts):
        areas = {area for part in used for area in part.affects} or set(change.affects)
        affects = tuple(area for area in AREAS if area in areas)
        yield Item(change.path, 0, "", change.kind, affects, f"the file as {change.release} has it", change.release)
        return
    if not change.parts:
        yield Item(change.path, 0, "", change.kind, change.affects, change.what)
    yield from (_of_part(change, part) for part in used)


def _of_script(one: Recommended) -> Item:
    written, default = shown(one.value), shown(one.default)
    if one.is_of_command:
        what = f"recommended by the command for `{one.call}`: `{one.name}` is `{written}`, not `{default}`"
    else:
        what = f"recommended by the script for `{one.call}`: `{one.name}` is `{written}`, not `{default}`"
    if len(one.also) == 1:
        what += f"; so in {one.also[0]}"
    elif one.also:
        what += f"; so in {len(one.also)} more places"
    return Item(one.path, one.line, one.name, RECOMMENDED, one.affects, what)


def _of_part(change: FileChange, part: Part) -> Item:
    return Item(change.path, part.line, part.name, part.kind, part.affects, part.what, part.release)
