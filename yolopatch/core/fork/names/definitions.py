"""What a Python file binds at its top level, in its order: definitions, imports, and what a star brings."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from yolopatch.core.syntax import parse_anew

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign

STAR = "*"


@dataclass(frozen=True, order=True)
class Definition:
    """A class, a function or a value at the top level of a file.

    Attributes:
        path: of the file: `ultralytics/nn/modules/block.py`.
        name: `C2f`.
    """

    path: str
    name: str


@dataclass(frozen=True)
class Binding:
    """One name that a file binds at its top level.

    Attributes:
        name: as the file sees it; STAR for `from module import *`.
        node: the statement that binds it.
        module: of an import: the full name of the module. None for a definition.
        attribute: of `from module import attribute`; None for `import module`.
    """

    name: str
    node: ast.stmt
    module: str | None = None
    attribute: str | None = None


@dataclass(frozen=True)
class Import:
    """A module that a file imports, at its top or in a function.

    Attributes:
        path: of the file that imports.
        module: its full name.
        attribute: of `from module import attribute`, which can be STAR; None for `import module`.
    """

    path: str
    module: str
    attribute: str | None


@dataclass(frozen=True)
class FileCode:
    """A Python file that was parsed.

    Attributes:
        path: as the release has it.
        text: its content.
        tree: its syntax tree; shared, so it is only read.
    """

    path: str
    text: str
    tree: ast.Module

    def fresh_tree(self) -> ast.Module:
        """Return a syntax tree of its own, which may be changed: to parse is faster than to copy."""
        return parse_anew(self.text)

    @cached_property
    def bindings(self) -> tuple[Binding, ...]:
        """Every binding at the top level in its order, those that only replace a failed import first."""
        return tuple(_bindings(self.tree.body, package_of(self.path)))

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import, those in functions too, in no order."""
        return tuple(_imports(self.path, self.tree))

    @cached_property
    def identifiers(self) -> frozenset[str]:
        """Every name in its code, those in comments and texts aside."""
        return frozenset(name for node in ast.walk(self.tree) for name in _names_of(node))

    @cached_property
    def definitions(self) -> dict[str, ast.stmt]:
        """The statement that defines each name: the last one that the file has."""
        return {one.name: one.node for one in self.bindings if one.module is None}

    @cached_property
    def exported(self) -> tuple[str, ...] | None:
        """The names in `__all__`; None if the file has none, or one that is computed."""
        found: list[str] = []
        for node in top_statements(self.tree.body):
            if isinstance(node, _Assignment) and "__all__" in assigned_names(node):
                names = _strings(node.value)
                if names is None:
                    return None
                found += names
        return tuple(found) or None


def package_of(path: str) -> str:
    """Return the name of the package that a file lies in; "" at the root of the tree."""
    return ".".join(path.split("/")[:-1])


def top_statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a file is imported, those inside if, try and with, too.

    The handlers of a `try` come first: where its body does not fail, the body has the last word.
    """
    for node in body:
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                yield from top_statements(handler.body)
            yield from top_statements([*node.body, *node.orelse, *node.finalbody])
        elif isinstance(node, ast.If) and not is_main(node):
            # the usual case stands first, so that it has the last word
            yield from top_statements([*node.orelse, *node.body])
        elif isinstance(node, ast.With):
            yield from top_statements(node.body)
        else:
            yield node


def is_main(node: ast.stmt) -> bool:
    """Tell whether a statement is `if __name__ == "__main__":`."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Name)
        and node.test.left.id == "__name__"
    )


def import_bindings(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[Binding]:
    """Yield what an import binds; `package` is the one that its file lies in."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            # `import a.b` binds `a`
            target = alias.name if alias.asname else alias.name.split(".")[0]
            yield Binding(alias.asname or target, node, target)
        return
    module = _absolute(node, package)
    for alias in node.names:
        yield Binding(alias.asname or alias.name, node, module, alias.name)


def assigned_names(node: _Assignment) -> list[str]:
    """Return the names that an assignment binds."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = (part for target in targets for part in ast.walk(target))
    # `Conv.default_act = x` binds nothing
    return [part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]


def _bindings(body: Sequence[ast.stmt], package: str) -> Iterator[Binding]:
    for node in top_statements(body):
        if isinstance(node, ast.ClassDef | FunctionNode):
            yield Binding(node.name, node)
        elif isinstance(node, _Assignment):
            yield from (Binding(name, node) for name in assigned_names(node))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from import_bindings(node, package)


def _imports(path: str, tree: ast.Module) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(path, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (Import(path, _absolute(node, package_of(path)), alias.name) for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _strings(node: ast.expr | None) -> list[str] | None:
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    values = [part.value for part in node.elts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return values if len(values) == len(node.elts) else None


def _names_of(node: ast.AST) -> tuple[str, ...]:
    """Return the names that a node itself has: what it reads, defines or imports."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        return (node.attr,)
    if isinstance(node, ast.alias):
        return (*node.name.split("."), *([node.asname] if node.asname else []))
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return (node.name,)
    return (node.arg,) if isinstance(node, (ast.arg, ast.keyword)) and node.arg else ()
