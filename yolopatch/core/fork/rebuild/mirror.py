"""The definitions of a fork that a model needs, in files of a package of their own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from yolopatch.core.edits import NewFile
from yolopatch.core.fork.names.definitions import STAR, Binding, FileCode, import_bindings, package_of
from yolopatch.core.fork.rebuild.sameness import Sameness
from yolopatch.core.fork.rebuild.scope import Local, Outside, Scope, Whole
from yolopatch.core.fork.rebuild.uses import Use, mutated, operator_packages, uses
from yolopatch.core.syntax import module_name
from yolopatch.core.text import split_lines

_OF_UPSTREAM = "torchvision"  # a fork need not import what upstream does: not every release does, or as early


@dataclass
class _Part:
    """What a mirrored file has of one top-level statement of the fork's file: its lines, or imports in its place."""

    kept: bool = False
    imports: set[tuple[str, str, str]] = field(default_factory=set)  # module, attribute, the name in the file

    def lines(self) -> list[str]:
        return [_import(*one) for one in sorted(self.imports)]


@dataclass
class Mirror:
    """Collects what is needed of a fork, and writes it.

    Attributes:
        sameness: compares the fork with the release; what is the same is imported from the release.
        package: the folder of the mirrored files: `ultralytics/nn/mambayolo`.
        words: the texts in the arguments of rows, by which code may look up a name.
    """

    sameness: Sameness
    package: str
    words: frozenset[str] = frozenset()
    _parts: dict[str, dict[int, _Part]] = field(default_factory=dict, init=False)
    _wholes: dict[tuple[str, str], set[str]] = field(default_factory=dict, init=False)
    _done: set[tuple[str, int, str]] = field(default_factory=set, init=False)
    _tops: dict[str, dict[int, int]] = field(default_factory=dict, init=False)
    _todo: list[tuple[str, ast.stmt, int]] = field(default_factory=list, init=False)  # kept, and not looked into yet
    lacking: dict[str, None] = field(default_factory=dict, init=False)
    packages: dict[str, None] = field(default_factory=dict, init=False)  # that any code imports
    required: dict[str, None] = field(default_factory=dict, init=False)  # without which a file cannot be imported
    _operators: dict[str, set[str]] = field(default_factory=dict, init=False)  # packages that give theirs to torch

    @property
    def fork(self) -> Scope:
        """The files of the fork."""
        return self.sameness.fork

    def import_of(self, one: Local) -> tuple[str, str]:
        """Return the module and the name from which a definition is imported; what the release lacks is added."""
        found = self._import_of(one)
        self._look_into()
        return found

    def _import_of(self, one: Local) -> tuple[str, str]:
        if self.sameness.is_same(one):
            return module_name(one.path), one.name
        self._need_place(one.path, one.place, one.name)
        return module_name(self.path_of(one.path)), one.name

    def require(self, module: str) -> None:
        """Note that the files cannot be imported without a module from outside."""
        package = module.split(".")[0]
        self.packages[package] = self.required[package] = None

    def path_of(self, path: str) -> str:
        """Return where the mirror of a file of the fork lies."""
        short = path.removeprefix("ultralytics/").removeprefix("nn/")
        return f"{self.package}/{short}"

    def files(self) -> list[NewFile]:
        """Write the files, with what makes packages of their folders."""
        while self._settle_wholes():
            pass
        texts = {self.path_of(path): self._text(path) for path in sorted(self._parts)}
        for path in list(texts):
            for folder in PurePosixPath(path).parents:
                if str(folder).startswith(self.package):
                    texts.setdefault(f"{folder}/__init__.py", '"""Taken from a fork by yolopatch."""\n')
        return [NewFile(path, text) for path, text in sorted(texts.items())]

    def taken(self) -> tuple[tuple[str, int, int], ...]:
        """Return for each file of the fork how many of its definitions were taken, and how many it has."""
        found = []
        for path, parts in sorted(self._parts.items()):
            body = self._code(path).tree.body
            defined = {k for k, node in enumerate(body) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
            kept = {k for k, part in parts.items() if part.kept}
            found.append((path, len(defined & kept), len(defined)))
        return tuple(found)

    def _code(self, path: str) -> FileCode:
        code = self.fork.code(path)
        assert code is not None
        return code

    def _part(self, path: str, node: ast.stmt) -> tuple[int, _Part]:
        """Return the number of the top-level statement that a node is of, and what is had of it."""
        if path not in self._tops:
            body = self._code(path).tree.body
            parts = (
                (id(part), k) for k, one in enumerate(body) for part in ast.walk(one) if isinstance(part, ast.stmt)
            )
            self._tops[path] = dict(parts)
        place = self._tops[path][id(node)]
        return place, self._parts.setdefault(path, {}).setdefault(place, _Part())

    def _need(self, path: str, use: Use, before: int | None, of: ast.stmt | None = None) -> None:
        """Add what a use of a name in a file needs."""
        found = self.fork.binding(path, use.name, before if use.at_import else None)
        if found is None and use.at_import:
            found = self.fork.binding(path, use.name)  # in a branch that is not taken, or the fork does not build
        if found is None or found[1].node is of:
            return
        place, binding = found
        if binding.module is None:
            self._need_place(path, place, use.name)
        else:
            self._need_import(path, binding, use)

    def _need_place(self, path: str, place: int, name: str) -> None:
        """Add a definition, by its number among the bindings of its file; one that is the release's is imported."""
        if (path, place, name) in self._done:
            return
        self._done.add((path, place, name))
        binding = self._code(path).bindings[place]
        if binding.module is not None:
            self._need_import(path, binding, Use(name, "", True))
            return
        one = Local(path, place, name)
        top, part = self._part(path, binding.node)
        if self.sameness.is_same(one):
            part.imports.add((module_name(path), name, name))
            return
        self._keep(path, top, part, place)

    def _keep(self, path: str, top: int, part: _Part, place: int) -> None:
        """Add a top-level statement with all that it uses, and the statements that change its value."""
        if part.kept:
            return
        part.kept = True
        self._todo.append((path, self._code(path).tree.body[top], place))

    def _look_into(self) -> None:
        """Add what the statements use that were added, until nothing is left: a list, because chains may be long."""
        while self._todo:
            self._look_at(*self._todo.pop())

    def _look_at(self, path: str, node: ast.stmt, place: int) -> None:
        for use in uses(node):
            self._need(path, use, place, node)
        for binding in _inner(node, package_of(path)):
            self._need_inner(binding)
        if _looks_up(node):
            for word in self.words:
                self._need(path, Use(word, "", False), None, node)
        for package in operator_packages(node):
            if package == _OF_UPSTREAM or self.fork.binding(path, package) is not None:
                self._operators.setdefault(path, set()).add(package)
                self.require(package)
        names = {one.name for one in self._code(path).bindings if one.node is node}
        for number, other in enumerate(self._code(path).tree.body):
            if mutated(other) in names:
                self._keep(path, number, self._part(path, other)[1], len(self._code(path).bindings))

    def _need_import(self, path: str, binding: Binding, use: Use) -> None:
        """Add an import in the place where the fork's file has it."""
        _, part = self._part(path, binding.node)
        meaning = self.fork.imported(binding, use.name)
        if isinstance(meaning, Local):
            module, name = self._import_of(meaning)
            if (module_name(self.path_of(path)), use.name) != (module, name):
                part.imports.add((module, name, use.name))
        elif isinstance(meaning, Whole):
            attributes = self._wholes.setdefault((path, use.name), set())
            attributes.add(use.attribute)
            part.imports.discard(("", "", use.name))
            part.imports.add(("?", meaning.path, use.name))
        elif isinstance(meaning, Outside):
            self._need_outside(path, binding, part, meaning, use.name)
        else:
            self.lacking[f"{path}, line {binding.node.lineno}: {use.name} is not in {binding.module}"] = None

    def _need_outside(self, path: str, binding: Binding, part: _Part, meaning: Outside, name: str) -> None:
        top = self._part(path, binding.node)[0]
        statement = self._code(path).tree.body[top]
        if statement is not binding.node:  # in a `try`, which says what to do without the package
            self.packages[meaning.module.split(".")[0]] = None
            self._keep(path, top, part, 0)
            return
        self.require(meaning.module)
        if isinstance(binding.node, ast.Import) and meaning.attribute is None and "." in meaning.module:
            part.imports.add((meaning.module, "", name))
        else:
            part.imports.update(_outside(binding, meaning, name))

    def _need_inner(self, binding: Binding) -> None:
        """Add what an import inside a function needs."""
        meaning = self.fork.imported(binding, binding.name)
        if isinstance(meaning, Local):
            self._import_of(meaning)
        elif isinstance(meaning, Outside):
            self.packages[meaning.module.split(".")[0]] = None

    def _settle_wholes(self) -> bool:
        """Decide for each name that is a whole file whether the release's file has all that is taken of it."""
        before = len(self._done)
        for (path, name), attributes in list(self._wholes.items()):
            target = self.fork.meaning(path, name)
            if isinstance(target, Whole) and not self._is_all_same(target.path, attributes):
                for attribute in sorted(attributes - {""}):
                    self._need(target.path, Use(attribute, "", False), None)
        self._look_into()
        return len(self._done) > before

    def _is_all_same(self, path: str, attributes: set[str]) -> bool:
        found = [self.fork.meaning(path, one) for one in attributes if one]
        return all(isinstance(one, Local) and self.sameness.is_same(one) for one in found)

    def _text(self, path: str) -> str:
        code = self._code(path)
        lines = split_lines(code.text)
        head = [f'"""Of the fork\'s {path}, what its models need; taken by yolopatch."""', "", ""]
        future = [node for node in code.tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        head += [ast.unparse(node) for node in future] + ([""] if future else [])
        operators = [_import(package, "", "") for package in sorted(self._operators.get(path, ()))]
        head += operators + ([""] if operators else [])
        blocks: list[str] = []
        for place, part in sorted(self._parts[path].items()):
            node = code.tree.body[place]
            imports = [self._whole(path, one) if one[0] == "?" else _import(*one) for one in sorted(part.imports)]
            if part.kept:
                blocks.append("\n\n" + self._statement(path, node, lines))
            elif imports:
                blocks.append("\n".join(imports))
        return "\n".join(head) + "\n".join(blocks) + "\n"

    def _whole(self, path: str, one: tuple[str, str, str]) -> str:
        _, target, name = one
        same = self._is_all_same(target, self._wholes[(path, name)])
        module = module_name(target if same else self.path_of(target))
        return _import(*module.rpartition(".")[::2], name) if "." in module else _import(module, "", name)

    def _statement(self, path: str, node: ast.stmt, lines: list[str]) -> str:
        """Return the text of a statement, its inner imports with the names that files have here."""
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        chosen = [line.rstrip("\n") for line in lines[first - 1 : node.end_lineno]]
        for part in sorted(_inner_imports(node), key=lambda one: -one.lineno):
            start, end = part.lineno - first, (part.end_lineno or part.lineno) - first
            margin = chosen[start][: part.col_offset]
            new = self._inner_lines(part, package_of(path))
            if new is not None and not margin.strip():
                chosen[start : end + 1] = [margin + line for line in new]
        return "\n".join(chosen)

    def _inner_lines(self, node: ast.Import | ast.ImportFrom, package: str) -> list[str] | None:
        """Return the lines for an import inside a statement; None if they stay as they are."""
        found = []
        for binding in import_bindings(node, package):
            meaning = None if binding.name == STAR else self.fork.imported(binding, binding.name)
            if isinstance(meaning, Local):
                found.append(_import(*self.import_of(meaning), binding.name))
            elif isinstance(meaning, Whole):
                found.append(_import(*module_name(meaning.path).rpartition(".")[::2], binding.name))
            else:
                return None
        return found


def _looks_up(node: ast.stmt) -> bool:
    """Tell whether code looks names up by texts."""
    called = (part.func for part in ast.walk(node) if isinstance(part, ast.Call))
    return any(isinstance(one, ast.Name) and one.id in ("globals", "eval") for one in called)


def _inner_imports(node: ast.stmt) -> list[ast.Import | ast.ImportFrom]:
    return [part for part in ast.walk(node) if isinstance(part, ast.Import | ast.ImportFrom)]


def _inner(node: ast.stmt, package: str) -> Iterator[Binding]:
    for part in _inner_imports(node):
        yield from import_bindings(part, package)


def _outside(binding: Binding, meaning: Outside, name: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(binding.node, ast.Import):
        aliases = binding.node.names
        # `import torch.nn` binds torch, and loads torch.nn
        yield from (
            (one.name, "", one.asname or "") for one in aliases if (one.asname or one.name.split(".")[0]) == name
        )
    else:
        yield (meaning.module, meaning.attribute or "", name)


def _import(module: str, attribute: str, name: str) -> str:
    if not attribute:
        return f"import {module}" if name in ("", module) else f"import {module} as {name}"
    return f"from {module} import {attribute}" if attribute == name else f"from {module} import {attribute} as {name}"
