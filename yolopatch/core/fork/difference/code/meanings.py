"""Which names mean another thing in a fork's file than in the release's, though the code may be equal."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from yolopatch.core.fork.difference.code.effect import effective_definition
from yolopatch.core.fork.difference.code.renames import Renames
from yolopatch.core.fork.folding import canonical
from yolopatch.core.fork.names.definitions import Binding, Definition, package_of
from yolopatch.core.fork.names.references import inner_imports
from yolopatch.core.fork.names.tree_code import Meaning, Module, Outside, TreeCode
from yolopatch.core.syntax import module_name

_DEEPEST = 6  # definitions that a copy's names are followed through


@dataclass(frozen=True)
class Meanings:
    """The meanings of names in two trees.

    Attributes:
        base, fork: the release's tree and the fork's.
        renames: which definitions of the fork are the release's under another name or in another file.
    """

    base: TreeCode
    fork: TreeCode
    renames: Renames
    _known: dict[tuple[Definition, Definition], bool] = field(default_factory=dict)

    def changed(self, path: str, names: set[str]) -> Iterator[tuple[str, Meaning | None, Meaning | None]]:
        """Yield each of these names that means another thing in the fork's file: the name, what it meant, and means.

        Args:
            names: as the fork's file has them, with their attributes.
        """
        old_inner, new_inner = (_inner(code, path) for code in (self.base, self.fork))
        back = {new: old for old, new in self.renames.names.items()}
        for name in sorted(names):
            before = self.base.meaning(path, ".".join(back.get(part, part) for part in name.split(".")), old_inner)
            after = self.fork.meaning(path, name, new_inner)
            if not self._same(before, after, 0) and not self._one_source(path, name.split(".")[0]):
                yield name, before, after

    def same_names(self, path: str, old: str, new: str) -> bool:
        """Tell whether a name in the release's file means what another one means in the fork's."""
        before = self.base.meaning(path, old, _inner(self.base, path))
        after = self.fork.meaning(path, new, _inner(self.fork, path))
        return before is not None and self._same(before, after, 0)

    def _one_source(self, path: str, name: str) -> bool:
        """Tell whether both files take a name from the same place: what became of it is told there."""
        old, new = self.base.source(path, name), self.fork.source(path, name)
        if old is None or new is None:
            return old is new
        return (old.name, old.module, old.attribute) == (new.name, new.module, new.attribute)

    def _same(self, old: Meaning | None, new: Meaning | None, depth: int) -> bool:
        if isinstance(old, Definition) and isinstance(new, Definition):
            return self._same_definition(old, new, depth)
        if isinstance(old, Module) and isinstance(new, Module):
            return old.path == new.path
        return old == new

    def _same_definition(self, old: Definition, new: Definition, depth: int) -> bool:
        if self.renames.places.get(new, new) == old:
            return True
        if (old, new) not in self._known:
            self._known[old, new] = True  # while it is looked at: it may use itself
            self._known[old, new] = self._is_copy(old, new, depth)
        return self._known[old, new]

    def _is_copy(self, old: Definition, new: Definition, depth: int) -> bool:
        """Tell whether a definition does what the other one does, its names included."""
        nodes = (code.node(one) for code, one in ((self.base, old), (self.fork, new)))
        mine, theirs = (effective_definition(node, self.renames.names) for node in nodes)
        if depth > _DEEPEST or canonical(mine) != canonical(theirs):
            return False
        before = {one.name: one for one in self.base.uses(old)}
        after = {one.name: one for one in self.fork.uses(new)}
        return set(before) == set(after) and all(self._same(before[name], after[name], depth + 1) for name in before)


def _inner(code: TreeCode, path: str) -> dict[str, Binding]:
    """Return what functions of a file import by themselves."""
    file = code.file(path)
    functions = [part for part in ast.walk(file.tree) if isinstance(part, ast.FunctionDef)] if file else []
    return inner_imports(functions, package_of(path))


def told(meaning: Meaning) -> str:
    """Return where a meaning comes from, in words."""
    if isinstance(meaning, Definition):
        return f"`{module_name(meaning.path)}`"
    if isinstance(meaning, Module):
        return f"the file `{meaning.path}`"
    if isinstance(meaning, Outside):
        return f"`{meaning.name.rpartition('.')[0] or meaning.name}`"
    return "nowhere"
