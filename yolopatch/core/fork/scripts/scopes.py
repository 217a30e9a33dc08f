"""Which statement gives a name of a script its value, where the name is read."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from yolopatch.core.fork.names.references import dotted_name

Function = ast.FunctionDef | ast.AsyncFunctionDef
_Place = tuple[tuple[int, str], ...]  # the branches and loops around a statement, and which part of each


@dataclass(frozen=True)
class Setting:
    """A statement that gives a name a value, or changes the value that it has.

    Attributes:
        name: with its dots.
        node: the statement, or the call of a method.
        value: what the name gets; None where its value is changed.
    """

    name: str
    node: ast.stmt | ast.Call
    value: ast.expr | None


@dataclass(frozen=True)
class Script:
    """The code of one script."""

    tree: ast.Module

    @cached_property
    def _around(self) -> dict[ast.AST, tuple[Function | None, _Place]]:
        """The function, and the branches and loops, that each node is in."""
        return dict(_places(self.tree, None, ()))

    @cached_property
    def functions(self) -> dict[str, Function]:
        """The functions by name; the last one of a name counts."""
        return {one.name: one for one in self._around if isinstance(one, Function)}

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes by name."""
        return {one.name: one for one in self._around if isinstance(one, ast.ClassDef)}

    @cached_property
    def calls(self) -> tuple[ast.Call, ...]:
        """All calls, in the order of their lines."""
        found = [one for one in self._around if isinstance(one, ast.Call)]
        return tuple(sorted(found, key=lambda one: (one.lineno, one.col_offset)))

    @cached_property
    def calls_by_name(self) -> dict[str, list[ast.Call]]:
        """All calls by the name of what is called, with its dots."""
        found: dict[str, list[ast.Call]] = {}
        for one in self.calls:
            if name := dotted_name(one.func):
                found.setdefault(name, []).append(one)
        return found

    @cached_property
    def _settings(self) -> tuple[Setting, ...]:
        found = [one for node in self._around for one in _set_by(node)]
        return tuple(sorted(found, key=lambda one: (one.node.lineno, one.node.col_offset)))

    def function_of(self, node: ast.AST) -> Function | None:
        """Return the function that a node is in; None at the top."""
        return self._around[node][0]

    def all_values(self, name: str) -> Iterator[ast.expr]:
        """Yield everything that a name gets anywhere."""
        yield from (one.value for one in self._settings if one.name == name and one.value is not None)

    def settings(self, name: str, at: ast.AST) -> tuple[Setting, ...]:
        """Return the statements that decide the value of a name at a place: the last that sets it, and what changes it.

        Empty where nothing sets it for sure.
        """
        home = self.function_of(at)
        inside = [one for one in self._settings if one.name == name and self.function_of(one.node) is home]
        if inside and home:
            return self._deciding(inside, at)
        outside = [one for one in self._settings if one.name == name and self.function_of(one.node) is None]
        return self._deciding(outside, None if home else at)

    def is_sure(self, one: Setting, at: ast.AST) -> bool:
        """Tell whether a statement was run before a place is reached."""
        place = self._around[one.node][1]
        there = () if self.function_of(one.node) is not self.function_of(at) else self._around[at][1]
        return there[: len(place)] == place

    def _deciding(self, found: Sequence[Setting], at: ast.AST | None) -> tuple[Setting, ...]:
        line = getattr(at, "lineno", None)
        before = [one for one in found if line is None or one.node.lineno < line]
        last = max((n for n, one in enumerate(before) if one.value is not None), default=None)
        if last is None:
            return ()
        place = self._around[before[last].node][1]
        there = self._around[at][1] if at is not None else ()
        return tuple(before[last:]) if there[: len(place)] == place else ()


def _places(
    node: ast.AST, function: Function | None, place: _Place
) -> Iterator[tuple[ast.AST, tuple[Function | None, _Place]]]:
    for part, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            here = (*place, (id(node), part)) if _is_choice(node, part) else place
            yield child, (function, here)
            inner = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else None
            yield from _places(child, inner or function, () if inner else here)


def _is_choice(node: ast.AST, part: str) -> bool:
    """Tell whether a part of a statement may not be run; that of `if __name__ == "__main__":` is, in a script."""
    if isinstance(node, ast.If):
        return part in ("body", "orelse") and "__name__" not in ast.dump(node.test)
    return (isinstance(node, (ast.For, ast.While)) and part == "body") or isinstance(node, ast.ExceptHandler)


def _set_by(node: ast.AST) -> Iterator[Setting]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _to(target, node, node.value)
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield from _to(node.target, node, node.value)
    elif isinstance(node, ast.AugAssign) and (name := dotted_name(node.target)):
        yield Setting(name, node, ast.BinOp(node.target, node.op, node.value))
    elif isinstance(node, ast.NamedExpr):
        yield Setting(node.target.id, ast.copy_location(ast.Expr(node), node), node.value)
    elif isinstance(node, ast.Call) and (name := dotted_name(node.func)) and name.endswith(".update"):
        yield Setting(name.removesuffix(".update"), node, None)


def _to(target: ast.expr, node: ast.stmt, value: ast.expr) -> Iterator[Setting]:
    if name := dotted_name(target):
        yield Setting(name, node, value)
    elif isinstance(target, ast.Subscript) and (name := dotted_name(target.value)):
        yield Setting(name, node, None)
