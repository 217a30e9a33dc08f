"""A fork's Python files beside those of its release, and what is asked of both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from yolopatch.core.fork.changes import NOTHING
from yolopatch.core.fork.difference.affects.flow import Flow
from yolopatch.core.fork.difference.affects.influence import Influence, ordered
from yolopatch.core.fork.difference.affects.liveness import Liveness
from yolopatch.core.fork.difference.affects.uses import Uses
from yolopatch.core.fork.difference.code.effect import effective
from yolopatch.core.fork.difference.code.meanings import Meanings
from yolopatch.core.fork.difference.code.renames import Renames, read_renames
from yolopatch.core.fork.difference.code.units import Unit, units_of
from yolopatch.core.fork.names.tree_code import TreeCode
from yolopatch.core.fork.reach import Reach


@dataclass(frozen=True)
class Trees:
    """The two trees.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        base, fork: the release's Python files and the fork's.
        reach: what the chosen YAMLs need; None if none is chosen.
    """

    upstream: str
    base: TreeCode
    fork: TreeCode
    reach: Reach | None
    _old: dict[str, dict[str, Unit]] = field(default_factory=dict)

    @cached_property
    def influence(self) -> Influence:
        """What the fork's code affects."""
        return Influence(self.upstream, Uses(self.fork))

    @cached_property
    def base_influence(self) -> Influence:
        """What the release's code affects: it counts for what the fork removed."""
        return Influence(self.upstream, Uses(self.base))

    @cached_property
    def liveness(self) -> Liveness:
        """What of the fork anything reaches."""
        return Liveness(self.upstream, self.influence.uses, self.base_influence.uses, self.reach)

    @cached_property
    def flow(self) -> Flow:
        """Where values go in the fork."""
        return Flow(self.upstream, self.fork)

    @cached_property
    def renames(self) -> Renames:
        """What has another name or place in the fork."""
        return read_renames(self.base, self.fork)

    @cached_property
    def meanings(self) -> Meanings:
        """What names mean in both."""
        return Meanings(self.base, self.fork, self.renames)

    def areas_of_file(self, path: str) -> tuple[str, ...]:
        """Return what a file affects as a whole: by its place, or by those who use what the release has in it."""
        named = self.influence.of_file(path)
        units = self.base_influence.uses.units(path) if named == (NOTHING,) else ()
        return ordered([*named, *(area for unit in units for area in self.base_influence.of(path, unit))])

    def areas_of(self, path: str, units: Iterable[str]) -> tuple[str, ...]:
        """Return what units of a fork's file affect together."""
        return ordered(area for unit in units for area in self.influence.of(path, unit))

    def reaches(self, path: str, units: Iterable[str]) -> bool:
        """Tell whether anything reaches one of these units of a fork's file."""
        return any(self.liveness.reaches(path, unit) for unit in units)

    def old_units(self, path: str) -> dict[str, Unit]:
        """Return the release's units of a file, those that the fork moved to it included, under the fork's names."""
        names, places = self.renames.names, self.renames.places
        away = {names.get(old.name, old.name) for new, old in places.items() if old.path == path and new.path != path}
        units = {name: unit for name, unit in self.base_units(path).items() if unit.owner not in away}
        for new, old in places.items():
            if new.path == path and old.path != path:
                units |= {name: unit for name, unit in self.base_units(old.path).items() if unit.owner == new.name}
        return units

    def base_units(self, path: str) -> dict[str, Unit]:
        """Return the units of a release's file under the fork's names, without what changes nothing."""
        if path not in self._old:
            file = self.base.file(path)
            self._old[path] = units_of(effective(file.fresh_tree(), self.names_for(path))) if file else {}
        return self._old[path]

    def names_for(self, path: str) -> dict[str, str]:
        """Return the new names of what was renamed, as far as the fork's file does not go on with the old ones."""
        file = self.fork.file(path)
        still = file.identifiers if file else frozenset()
        return {old: new for old, new in self.renames.names.items() if old not in still}

    def new_units(self, path: str) -> dict[str, Unit]:
        """Return the units of a fork's file without what changes nothing."""
        file = self.fork.file(path)
        return units_of(effective(file.fresh_tree(), {})) if file else {}
