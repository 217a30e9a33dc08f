"""What a name in a file of a tree means: a definition of the tree, one of its files, or nothing of it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from yolopatch.core.fork.names.definitions import (
    STAR,
    Binding,
    Definition,
    FileCode,
    module_name,
    package_of,
)
from yolopatch.core.fork.names.references import free_names, inner_imports
from yolopatch.core.syntax import parse

_Visited = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Module:
    """A file of the tree, meant by a name as a whole."""

    path: str


@dataclass(frozen=True)
class Outside:
    """What a name means that comes from another package: `timm.create_model`."""

    name: str


Meaning = Definition | Module | Outside


@dataclass(frozen=True)
class TreeCode:
    """The Python files of a tree.

    Attributes:
        texts: the content of each Python file, by path. One that does not parse defines nothing.
    """

    texts: Mapping[str, str]

    @cached_property
    def files(self) -> dict[str, FileCode]:
        """The files that parse, by path."""
        found = ((path, _parsed(text)) for path, text in self.texts.items())
        return {path: FileCode(path, self.texts[path], tree) for path, tree in found if tree}

    @cached_property
    def modules(self) -> dict[str, str]:
        """The path of each file, by the name that it is imported by."""
        return {module_name(path): path for path in self.texts}

    @cached_property
    def _uses(self) -> dict[Definition, frozenset[Definition]]:
        return {}  # what was asked already

    @cached_property
    def _names(self) -> dict[tuple[str, str], Meaning | None]:
        return {}  # what was asked already

    def meaning(self, path: str, dotted: str, inner: Mapping[str, Binding] | None = None) -> Meaning | None:
        """Return what a name means in a file; None for a builtin, or a name that the tree does not explain.

        Args:
            path: of the file.
            dotted: the name with its attributes; those of a class are left out: `Conv.default_act` means `Conv`.
            inner: what the function binds by imports of its own.
        """
        first, *rest = dotted.split(".")
        bound = (inner or {}).get(first)
        found = self._bound(bound, frozenset()) if bound else self._of_file(path, first)
        for attribute in rest:
            if isinstance(found, Module):
                found = self._attribute(found.path, attribute, frozenset())
            elif isinstance(found, Outside):
                found = Outside(f"{found.name}.{attribute}")
        return found

    def node(self, definition: Definition) -> ast.stmt:
        """Return the statement that defines it.

        Raises:
            KeyError: the tree has no such definition.
        """
        return self.files[definition.path].definitions[definition.name]

    def uses(self, definition: Definition) -> frozenset[Definition]:
        """Return the definitions of the tree that this one names in its code."""
        if definition not in self._uses:
            self._uses[definition] = self.used_by(definition.path, self.node(definition))
        return self._uses[definition]

    def used_by(self, path: str, *nodes: ast.AST) -> frozenset[Definition]:
        """Return the definitions of the tree that code in a file names."""
        inner = inner_imports(nodes, package_of(path))
        meanings = (self.meaning(path, name, inner) for name in free_names(*nodes))
        return frozenset(one for one in meanings if isinstance(one, Definition))

    def closure(self, starts: Iterable[Definition]) -> frozenset[Definition]:
        """Return these definitions, and all that they need: what they name, what that names, and so on."""
        found: set[Definition] = set()
        todo = list(starts)
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                todo += self.uses(one)
        return frozenset(found)

    def _of_file(self, path: str, name: str) -> Meaning | None:
        if (path, name) not in self._names:
            self._names[path, name] = self._name(path, name, frozenset())
        return self._names[path, name]

    def _name(self, path: str, name: str, visited: _Visited) -> Meaning | None:
        """Return what a name at the top level of a file means: its last binding counts."""
        code = self.files.get(path)
        if code is None or (path, name) in visited:
            return None
        visited |= {(path, name)}
        for binding in reversed(code.bindings):
            if binding.name == name:
                if binding.module is None:
                    return Definition(path, name)
                found = self._bound(binding, visited)
            elif binding.name == STAR:
                found = self._starred(binding, name, visited)
            else:
                continue
            if found is not None:
                return found
        return None

    def _bound(self, binding: Binding, visited: _Visited) -> Meaning | None:
        module = binding.module or ""
        path = self.modules.get(module)
        if path is None:
            # a folder of the tree without __init__.py is a package, too
            below = f"{module}.{binding.attribute}" if binding.attribute else module
            if below in self.modules:
                return Module(self.modules[below])
            return None if self._is_folder(module) else Outside(below)
        return self._attribute(path, binding.attribute, visited) if binding.attribute else Module(path)

    def _attribute(self, path: str, name: str, visited: _Visited) -> Meaning | None:
        """Return what an attribute of a module means: a name of its file, or a file in its folder."""
        found = self._name(path, name, visited)
        below = self.modules.get(f"{module_name(path)}.{name}")
        return found or (Module(below) if below else None)

    def _starred(self, binding: Binding, name: str, visited: _Visited) -> Meaning | None:
        path = self.modules.get(binding.module or "")
        if path is None or path not in self.files:
            return None
        exported = self.files[path].exported
        if name in exported if exported is not None else not name.startswith("_"):
            return self._attribute(path, name, visited)
        return None

    def _is_folder(self, module: str) -> bool:
        return module == "" or any(name.startswith(f"{module}.") for name in self.modules)


def _parsed(text: str) -> ast.Module | None:
    try:
        return parse(text)
    except SyntaxError:
        return None
