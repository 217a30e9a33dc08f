"""Who uses what in a tree, found when it is asked: only files that mention a name can use what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from yolopatch.core.fork.difference.code.units import Unit, code_of, units_of
from yolopatch.core.fork.names.definitions import Definition
from yolopatch.core.fork.names.references import free_names
from yolopatch.core.fork.names.tree_code import TreeCode

_RENAMED = re.compile(r"\b(\w+) as (\w+)")


@dataclass(frozen=True)
class Use:
    """A unit that names a definition.

    Attributes:
        path, name: of the unit; the name is "" for code that runs at import.
    """

    path: str
    name: str

    @property
    def definition(self) -> Definition:
        """The definition that the unit belongs to."""
        return Definition(self.path, self.name.split(".")[0])


@dataclass(frozen=True)
class Uses:
    """Who uses what in a tree.

    Attributes:
        code: the tree.
    """

    code: TreeCode
    _units: dict[str, dict[str, Unit]] = field(default_factory=dict)
    _named: dict[tuple[str, str], frozenset[Definition]] = field(default_factory=dict)
    _names: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    _users: dict[Definition, tuple[Use, ...]] = field(default_factory=dict)

    def units(self, path: str) -> Mapping[str, Unit]:
        """Return the units of a file by name; none of a file that the tree does not have, or that does not parse."""
        if path not in self._units:
            file = self.code.file(path)
            self._units[path] = units_of(file.tree) if file else {}
        return self._units[path]

    def names(self, path: str, unit: str) -> frozenset[str]:
        """Return the names that a unit takes from its file, with their attributes."""
        if (path, unit) not in self._names:
            self._names[path, unit] = frozenset(free_names(*code_of(self.units(path)[unit])))
        return self._names[path, unit]

    def users(self, definition: Definition) -> tuple[Use, ...]:
        """Return the units that name a definition, other than its own; to ask with `isinstance` is no use."""
        if definition not in self._users:
            paths = {path for name in self._aliases(definition.name) for path in self.code.mentioning(name)}
            uses = (use for path in sorted(paths) for use in self._users_in(path, definition))
            self._users[definition] = tuple(use for use in uses if use.definition != definition)
        return self._users[definition]

    def _users_in(self, path: str, definition: Definition) -> Iterator[Use]:
        for name, unit in self.units(path).items():
            if (path, name) not in self._named:
                self._named[path, name] = self.code.used_by(path, *code_of(unit), asked=False)
            if definition in self._named[path, name]:
                yield Use(path, name)

    def _aliases(self, name: str) -> set[str]:
        """Return the names under which files can import a name."""
        return {name, *self._renamed.get(name, ())}

    @cached_property
    def _renamed(self) -> dict[str, set[str]]:
        """The other names that files import a name as."""
        found: dict[str, set[str]] = {}
        for path in self.code.mentioning("as"):
            for name, other in _RENAMED.findall(self.code.texts[path]):
                found.setdefault(name, set()).add(other)
        return found
