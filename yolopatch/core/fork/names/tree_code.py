"""What a name in a file of a tree means: a definition of the tree, one of its files, or nothing of it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from yolopatch.core.closure import closure
from yolopatch.core.fork.names.definitions import (
    STAR,
    Binding,
    Definition,
    FileCode,
    Import,
    package_of,
)
from yolopatch.core.fork.names.references import free_names, inner_imports
from yolopatch.core.syntax import module_name, parse

_WORD = re.compile(r"[^\W\d]\w*")
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
    """The Python files of a tree; each is parsed when it is asked for.

    Attributes:
        texts: the content of each Python file, by path. One that does not parse defines nothing.
        like: another tree; a file that is equal there is not parsed again.
    """

    texts: Mapping[str, str]
    like: TreeCode | None = None
    _files: dict[str, FileCode | None] = field(default_factory=dict)
    _uses: dict[Definition, frozenset[Definition]] = field(default_factory=dict)
    _names: dict[tuple[str, str], Meaning | None] = field(default_factory=dict)

    @cached_property
    def files(self) -> dict[str, FileCode]:
        """All files that parse, by path."""
        found = ((path, self.file(path)) for path in self.texts)
        return {path: file for path, file in found if file}

    def file(self, path: str) -> FileCode | None:
        """Return a file; None if the tree does not have it, or it does not parse."""
        if path not in self._files:
            text = self.texts.get(path)
            if self.like and text is not None and self.like.texts.get(path) == text:
                self._files[path] = self.like.file(path)
            else:
                self._files[path] = None if text is None else _parsed(path, text)
        return self._files[path]

    def has_module(self, path: str, name: str) -> bool:
        """Tell whether a name that a file imports is that of a file or folder of the tree."""
        return self._is_there(self._rooted(path, name))

    def mentioning(self, name: str) -> list[str]:
        """Return the paths of the files whose text has this word."""
        return self._words.get(name, [])

    @cached_property
    def _words(self) -> dict[str, list[str]]:
        """The paths of the files that have a word, by word."""
        found: dict[str, list[str]] = {}
        for path, text in self.texts.items():
            for word in set(_WORD.findall(text)):
                found.setdefault(word, []).append(path)
        return found

    def importers(self, path: str) -> Iterator[str]:
        """Yield the paths of the files that import this file, at their top or in a function.

        Those in the folder of an __init__.py run after it, so they are none of its importers.
        """
        folder = path.removesuffix("__init__.py")
        found = dict.fromkeys(one.path for one in self._imports.get(module_name(path), ()))
        yield from (one for one in found if folder == path or not one.startswith(folder))

    def broken_importers(self, path: str) -> Iterator[str]:
        """Yield the paths of the files whose import fails because the tree does not have this file any more.

        Its name may go on meaning something: a folder without its __init__.py still holds modules, and `loss.py` may
        have become `loss/__init__.py`.
        """
        name = module_name(path)
        yield from dict.fromkeys(one.path for one in self._imports.get(name, ()) if self._is_broken(one, name))

    def _is_broken(self, imported: Import, name: str) -> bool:
        module, attribute = imported.module, imported.attribute
        if not self._is_there(module):
            return not self._is_there(name)
        if module != name and name != f"{module}.{attribute}":
            return False
        if attribute in (None, STAR) or self._is_there(f"{module}.{attribute}"):
            return False
        target = self.modules.get(module)
        return target is None or not self._may_have(target, attribute or "")

    def _may_have(self, path: str, name: str) -> bool:
        """Tell whether a file has a name, or cannot be known not to have it."""
        file = self.file(path)
        return file is None or any(one.name in (name, STAR, "__getattr__") for one in file.bindings)

    @cached_property
    def _imports(self) -> dict[str, list[Import]]:
        """The imports of all files by the name of each module that they run; those around it run before it."""
        found: dict[str, list[Import]] = {}
        for path, file in self.files.items():
            for one in file.imports:
                rooted = Import(path, self._rooted(path, one.module), one.attribute)
                below = f"{rooted.module}.{one.attribute}"
                parts = (below if one.attribute not in (None, STAR) else rooted.module).split(".")
                for n in range(1, len(parts) + 1):
                    found.setdefault(".".join(parts[:n]), []).append(rooted)
        return found

    @cached_property
    def modules(self) -> dict[str, str]:
        """The path of each file, by the name that it is imported by."""
        return {module_name(path): path for path in self.texts}

    def meaning(self, path: str, dotted: str, inner: Mapping[str, Binding] | None = None) -> Meaning | None:
        """Return what a name means in a file; None for a builtin, or a name that the tree does not explain.

        Args:
            path: of the file.
            dotted: the name with its attributes; those of a class are left out: `Conv.default_act` means `Conv`.
            inner: what the function binds by imports of its own.
        """
        first, *rest = dotted.split(".")
        bound = (inner or {}).get(first)
        found = self._bound(path, bound, frozenset()) if bound else self._of_file(path, first)
        for attribute in rest:
            if isinstance(found, Module):
                found = self._attribute(found.path, attribute, frozenset())
            elif isinstance(found, Outside):
                found = Outside(f"{found.name}.{attribute}")
        return found

    def source(self, path: str, name: str) -> Binding | None:
        """Return the binding that gives a name at the top level of a file its meaning; it can be a star."""
        code = self.file(path)
        for binding in reversed(code.bindings if code else ()):
            if binding.name == name or (binding.name == STAR and self._starred(path, binding, name, frozenset())):
                return binding
        return None

    def node(self, definition: Definition) -> ast.stmt:
        """Return the statement that defines it.

        Raises:
            KeyError: the tree has no such definition.
        """
        return self.definitions(definition.path)[definition.name]

    def definitions(self, path: str) -> Mapping[str, ast.stmt]:
        """Return the statement that defines each name of a file."""
        file = self.file(path)
        return file.definitions if file else {}

    def uses(self, definition: Definition) -> frozenset[Definition]:
        """Return the definitions of the tree that this one names in its code."""
        if definition not in self._uses:
            self._uses[definition] = self.used_by(definition.path, self.node(definition))
        return self._uses[definition]

    def used_by(self, path: str, *nodes: ast.AST, asked: bool = True) -> frozenset[Definition]:
        """Return the definitions of the tree that code in a file names; `asked` as for `free_names`."""
        inner = inner_imports(nodes, package_of(path))
        meanings = (self.meaning(path, name, inner) for name in free_names(*nodes, asked=asked))
        return frozenset(one for one in meanings if isinstance(one, Definition))

    def closure(self, starts: Iterable[Definition]) -> frozenset[Definition]:
        """Return these definitions, and all that they need: what they name, what that names, and so on."""
        return frozenset(closure(starts, self.uses))

    def _of_file(self, path: str, name: str) -> Meaning | None:
        if (path, name) not in self._names:
            self._names[path, name] = self._name(path, name, frozenset())
        return self._names[path, name]

    def _name(self, path: str, name: str, visited: _Visited) -> Meaning | None:
        """Return what a name at the top level of a file means: its last binding counts."""
        code = self.file(path)
        if code is None or (path, name) in visited:
            return None
        visited |= {(path, name)}
        for binding in reversed(code.bindings):
            if binding.name == name:
                if binding.module is None:
                    return Definition(path, name)
                found = self._bound(path, binding, visited)
            elif binding.name == STAR:
                found = self._starred(path, binding, name, visited)
            else:
                continue
            if found is not None:
                return found
        return None

    def _bound(self, path: str, binding: Binding, visited: _Visited) -> Meaning | None:
        module = self._rooted(path, binding.module or "")
        target = self.modules.get(module)
        if target is None:
            # a folder of the tree without __init__.py is a package, too
            below = f"{module}.{binding.attribute}" if binding.attribute else module
            if below in self.modules:
                return Module(self.modules[below])
            return None if self._is_folder(module) else Outside(below)
        return self._attribute(target, binding.attribute, visited) if binding.attribute else Module(target)

    def _rooted(self, path: str, module: str) -> str:
        """Return the full name of a module that a file imports.

        Some authors run their fork from inside the package, or have an editor that adds folders to the path: then
        `Addmodules` is a folder beside the file, or beside a folder around it.
        """
        if self._is_there(module) or module.partition(".")[0] in sys.stdlib_module_names:
            return module
        parts = package_of(path).split(".")
        inside = (".".join([*parts[:n], module]) for n in range(1, len(parts) + 1))
        # utils/callbacks/mlflow.py imports the package `mlflow`, and not itself
        return next((name for name in inside if self._is_there(name) and self.modules.get(name) != path), module)

    def _is_there(self, module: str) -> bool:
        return module in self.modules or self._is_folder(module)

    def _attribute(self, path: str, name: str, visited: _Visited) -> Meaning | None:
        """Return what an attribute of a module means: a name of its file, or a file in its folder."""
        found = self._name(path, name, visited)
        below = self.modules.get(f"{module_name(path)}.{name}")
        return found or (Module(below) if below else None)

    def _starred(self, path: str, binding: Binding, name: str, visited: _Visited) -> Meaning | None:
        target = self.modules.get(self._rooted(path, binding.module or ""))
        file = self.file(target) if target else None
        if target is None or file is None:
            return None
        exported = file.exported
        if name in exported if exported is not None else not name.startswith("_"):
            return self._attribute(target, name, visited)
        return None

    def _is_folder(self, module: str) -> bool:
        return module in self._folders

    @cached_property
    def _folders(self) -> frozenset[str]:
        """The names of the tree's folders, as a part of a module's name."""
        parts = [name.split(".") for name in self.modules]
        return frozenset(".".join(one[:n]) for one in parts for n in range(len(one)))


def _parsed(path: str, text: str) -> FileCode | None:
    try:
        return FileCode(path, text, parse(text))
    except SyntaxError:
        return None
