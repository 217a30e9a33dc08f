"""Which definitions of a fork anything reaches: from what the release has, too, and from the rows of chosen YAMLs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from yolopatch.core.fork.difference.affects.places import holds_layers
from yolopatch.core.fork.difference.affects.uses import Use, Uses
from yolopatch.core.fork.difference.code.units import MAIN, VALUE
from yolopatch.core.fork.names.definitions import Definition
from yolopatch.core.fork.reach import PARSER, PARSERS, Reach


@dataclass(frozen=True)
class Liveness:
    """What of a fork is reached.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        uses: who uses what in the fork.
        base: who uses what in the release.
        reach: what the chosen YAMLs need; None if none is chosen: then everything that a YAML can name is reached.
    """

    upstream: str
    uses: Uses
    base: Uses
    reach: Reach | None
    _known: dict[Definition, bool] = field(default_factory=dict)

    def reaches(self, path: str, name: str) -> bool:
        """Tell whether anything reaches a unit of the fork's files."""
        owner, _, method = name.partition(".")
        if not self._is_live(Definition(path, owner)):
            return False
        return not method or self._is_kept(path, name) or self._is_called(method.split(" ")[0].rpartition(".")[2])

    def needs(self, names: Collection[str]) -> bool:
        """Tell whether a chosen YAML needs any of these layers by its rows; True if no YAML is chosen."""
        if self.reach is None:
            return True
        return not {definition.name for definition in self.reach.rows}.isdisjoint(names)

    def _is_live(self, definition: Definition) -> bool:
        """Tell whether a definition, or one of those who use it, and so on, starts by itself."""
        seen: set[Definition] = set()
        todo = [definition]
        while todo and definition not in self._known:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            if self._known.get(one) or self._starts(one):
                self._known[definition] = True
                break
            todo += [use.definition for use in self.uses.users(one) if self._hands_on(use, one)]
        return self._known.setdefault(definition, False)

    def _starts(self, definition: Definition) -> bool:
        """Tell whether a definition runs without anything of the fork's: upstream has it, too, or a row names it."""
        if self.reach and definition in self.reach:
            return True
        if definition.name == MAIN:
            return self._is_kept(definition.path, MAIN)  # an author's trial of a file reaches nothing
        if not definition.name:
            kept = definition.path in self.base.code.texts
            return kept or any(self.uses.code.importers(definition.path))
        if not self._is_kept(definition.path, definition.name):
            return False
        return self.reach is None or not holds_layers(self.upstream, definition.path)

    def _hands_on(self, use: Use, used: Definition) -> bool:
        """Tell whether what a unit names is reached if the unit is: not so the layers that a YAML could name."""
        if self.reach is None or holds_layers(self.upstream, use.path):
            return True
        # parse_model makes those that rows name, and a list of classes is there to be compared with
        is_in_parser = use.path == PARSERS[self.upstream]
        names_layers = (is_in_parser and use.name == PARSER) or self.uses.units(use.path)[use.name].sort == VALUE
        if holds_layers(self.upstream, used.path):
            return not names_layers
        # an author may put a file of layers into any folder
        return not (names_layers and is_in_parser and used.path not in self.base.code.texts)

    def _is_kept(self, path: str, name: str) -> bool:
        return name in self.base.units(path)

    def _is_called(self, method: str) -> bool:
        """Tell whether the name of a method stands anywhere else: upstream's classes, or Python, may call it."""
        if method.startswith("__") or method == "forward":
            return True
        code, base = self.uses.code, self.base.code
        called = any(f".{method}" in code.texts[path] for path in code.mentioning(method))
        return called or any(f"def {method}(" in base.texts[path] for path in base.mentioning(method))
