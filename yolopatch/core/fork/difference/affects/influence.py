"""What a definition affects: by its place, and where the place does not say it, by what those affect who use it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from yolopatch.core.fork.changes import AREAS, NOTHING
from yolopatch.core.fork.difference.affects.places import Place, place_of
from yolopatch.core.fork.difference.affects.uses import Use, Uses
from yolopatch.core.fork.names.definitions import Definition


def ordered(areas: Iterable[str]) -> tuple[str, ...]:
    """Return areas in the order of AREAS; `nothing` only if there is nothing else."""
    found = set(areas)
    some = tuple(area for area in AREAS if area in found and area != NOTHING)
    return some or (NOTHING,)


@dataclass(frozen=True)
class Influence:
    """What the code of a tree affects.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        uses: who uses what in the tree.
    """

    upstream: str
    uses: Uses
    _known: dict[Definition, frozenset[str]] = field(default_factory=dict)

    def of(self, path: str, name: str) -> tuple[str, ...]:
        """Return what a unit of a file affects; of a unit that the tree does not have, what its place says."""
        place = place_of(self.upstream, path, name)
        areas = frozenset(place.affects)
        if _asks(place):
            owner = Definition(path, name.split(".")[0])
            areas |= _passed(place, self._of_definition(owner)) if place.affects else self._of_definition(owner)
        return ordered(areas) if areas else (place.fallback,)

    def of_file(self, path: str) -> tuple[str, ...]:
        """Return what a file affects as a whole, by its place alone."""
        place = place_of(self.upstream, path)
        return place.affects or (place.fallback,)

    def _of_definition(self, definition: Definition) -> frozenset[str]:
        if definition not in self._known:
            self._known.update(self._settled(self._asked_for(definition)))
        return self._known[definition]

    def _asked_for(self, definition: Definition) -> set[Definition]:
        """Return the definitions whose users decide what this one affects, it included."""
        found: set[Definition] = set()
        todo = [definition]
        while todo:
            one = todo.pop()
            if one in found or one in self._known:
                continue
            found.add(one)
            if _asks(self._place(one)):
                todo += [use.definition for use in self.uses.users(one) if not self._place_of_use(use).affects]
        return found

    def _settled(self, asked: set[Definition]) -> dict[Definition, frozenset[str]]:
        """Return what each of these affects: what their users do is handed on until nothing is new."""
        found = {one: frozenset(self._place(one).affects) for one in asked}
        changed = True
        while changed:
            changed = False
            for one in asked:
                areas = found[one] | self._handed(one, found)
                changed = changed or areas != found[one]
                found[one] = areas
        return found

    def _handed(self, definition: Definition, found: dict[Definition, frozenset[str]]) -> frozenset[str]:
        place = self._place(definition)
        if not _asks(place):
            return frozenset()
        areas = (
            self._given(use) or found.get(use.definition) or self._known.get(use.definition)
            for use in self.uses.users(definition)
        )
        return frozenset().union(*(_passed(place, one) for one in areas if one))

    def _given(self, use: Use) -> frozenset[str]:
        """Return what a unit by its place makes of what it uses."""
        place = self._place_of_use(use)
        return frozenset(place.given or place.affects)

    def _place(self, definition: Definition) -> Place:
        return place_of(self.upstream, definition.path, definition.name)

    def _place_of_use(self, use: Use) -> Place:
        return place_of(self.upstream, use.path, use.name)


def _asks(place: Place) -> bool:
    """Tell whether a place leaves something to those who use its code."""
    return not place.affects or bool(place.also)


def _passed(place: Place, areas: frozenset[str]) -> frozenset[str]:
    """Return what code at a place takes over from what its users affect."""
    return areas & frozenset(place.also) if place.also else areas
