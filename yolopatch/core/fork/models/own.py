"""The classes that a fork's parser knows and the release's does not, or has in another form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from yolopatch.core.fork.changes import ADDED, CHANGED
from yolopatch.core.fork.folding import canonical
from yolopatch.core.fork.names.definitions import Definition
from yolopatch.core.fork.names.references import free_names
from yolopatch.core.fork.names.texts import python_texts
from yolopatch.core.fork.names.tree_code import TreeCode
from yolopatch.core.fork.reach import PARSER, PARSERS


@dataclass(frozen=True)
class OwnClass:
    """A class, or a function that makes a layer, which a fork adds or changes.

    Attributes:
        name: as rows have it.
        kind: ADDED or CHANGED.
        path, line: where the fork defines it.
        is_imported: whether the parser can see it; without, no model with it builds.
    """

    name: str
    kind: str
    path: str
    line: int
    is_imported: bool = True


@dataclass(frozen=True)
class OwnClasses:
    """What names of classes mean in a fork, beside its release.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        fork, base: the two trees.
    """

    upstream: str
    fork: TreeCode
    base: TreeCode
    _known: dict[str, OwnClass | None] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, upstream: str, fork: Mapping[str, bytes], base: Mapping[str, bytes]) -> OwnClasses:
        """Return what names mean in the files of a fork, beside those of its release; both by path."""
        theirs = TreeCode(python_texts(base))
        return cls(upstream, TreeCode(python_texts(fork), theirs), theirs)

    def __contains__(self, name: object) -> bool:
        """Tell whether the fork adds or changes what a row of a model's YAML names."""
        return isinstance(name, str) and self.find(name) is not None

    def find(self, name: str) -> OwnClass | None:
        """Return what a row of a model's YAML names; None unless the fork adds or changes it."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def in_parser(self) -> tuple[str, ...]:
        """Return the names in `parse_model` that the fork adds or changes, sorted."""
        node = self.fork.definitions(PARSERS[self.upstream]).get(PARSER)
        return tuple(sorted(name for name in free_names(node) if "." not in name and name in self)) if node else ()

    def _find(self, name: str) -> OwnClass | None:
        mine = self.fork.meaning(PARSERS[self.upstream], name)
        theirs = self.base.meaning(PARSERS[self.upstream], name)
        if mine is None and theirs is None:
            return self._forgotten(name)
        if not isinstance(mine, Definition):
            return None
        if not isinstance(theirs, Definition):
            return self._class(mine, ADDED)
        is_same = canonical(self.fork.node(mine)) == canonical(self.base.node(theirs))
        return None if is_same else self._class(mine, CHANGED)

    def _forgotten(self, name: str) -> OwnClass | None:
        """Return a class of this name that the fork adds and its parser does not import."""
        paths = [path for path in self.fork.mentioning(name) if path not in self.base.texts]
        places = (Definition(path, name) for path in sorted(paths) if name in self.fork.definitions(path))
        return next((self._class(place, ADDED, is_imported=False) for place in places), None)

    def _class(self, definition: Definition, kind: str, is_imported: bool = True) -> OwnClass:
        line = self.fork.node(definition).lineno
        return OwnClass(definition.name, kind, definition.path, line, is_imported)
