"""What a value in a call affects: the loss that makes an assigner with `topk=10` decides how labels are assigned."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from yolopatch.core.fork.changes import ASSIGNMENT, AUGMENTATION, EVALUATION, LOSS
from yolopatch.core.fork.difference.affects.influence import ordered
from yolopatch.core.fork.difference.affects.places import place_of
from yolopatch.core.fork.names.definitions import Definition
from yolopatch.core.fork.names.references import dotted_name
from yolopatch.core.fork.names.tree_code import TreeCode

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Calls = Sequence[tuple[ast.Call, str | int]]
_DEEPEST = 4  # calls that a value is followed through
# A call of code of these areas takes its values there; of other areas, what a caller gives them is the caller's own.
_TAKING = (LOSS, ASSIGNMENT, AUGMENTATION, EVALUATION)


@dataclass(frozen=True)
class Flow:
    """Where values go in a tree.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        code: the tree.
    """

    upstream: str
    code: TreeCode

    def of_calls(self, path: str, owner: str, calls: _Calls) -> tuple[str, ...]:
        """Return what a value in calls affects, by the innermost that says it; empty if none does.

        Args:
            path, owner: the file, and the class that the code is in.
            calls: the calls around the value, from the outermost, with the argument that it is in.
        """
        for call, argument in reversed(calls):
            found = self._of_call(path, owner, call, argument, 0)
            if found:
                return ordered(found)
        return ()

    def of_argument(self, path: str, owner: str, function: _Function, name: str) -> tuple[str, ...]:
        """Return what an argument of a function affects, if all that becomes of it is that calls get it; else empty."""
        found = self._of_argument(path, owner, function, name, 0)
        return ordered(found) if found else ()

    def _of_argument(self, path: str, owner: str, function: _Function, name: str, depth: int) -> frozenset[str]:
        calls = [part for statement in function.body for part in ast.walk(statement) if isinstance(part, ast.Call)]
        uses = [part for statement in function.body for part in ast.walk(statement) if _is_name(part, name)]
        given = [(call, where) for call in calls for where, value in _arguments(call) if _is_name(value, name)]
        if depth > _DEEPEST or not uses or len(given) != len(uses):
            return frozenset()
        areas = [self._of_call(path, owner, call, where, depth + 1) for call, where in given]
        return frozenset().union(*areas) if all(areas) else frozenset()

    def _of_call(self, path: str, owner: str, call: ast.Call, argument: str | int, depth: int) -> frozenset[str]:
        callee = self._callee(path, owner, call)
        if callee is None:
            return frozenset()
        node = self.code.node(callee)
        function = _constructor(node)
        name = _parameter(function, argument, isinstance(node, ast.ClassDef)) if function else None
        inner = self._of_argument(callee.path, callee.name, function, name, depth) if function and name else frozenset()
        own = frozenset(place_of(self.upstream, callee.path, callee.name).affects)
        return inner or own & frozenset(_TAKING)

    def _callee(self, path: str, owner: str, call: ast.Call) -> Definition | None:
        name = dotted_name(call.func)
        if name is None:
            return None
        if name.startswith("self.") and name.count(".") == 1:
            name = self._made(path, owner, name.removeprefix("self."))
        found = self.code.meaning(path, name) if name else None
        return found if isinstance(found, Definition) else None

    def _made(self, path: str, owner: str, attribute: str) -> str | None:
        """Return the name of what a class keeps as this attribute: `self.assigner = TaskAlignedAssigner(...)`."""
        node = self.code.definitions(path).get(owner)
        for part in ast.walk(node) if node else ():
            if isinstance(part, ast.Assign) and any(_is_own(target, attribute) for target in part.targets):
                return dotted_name(part.value.func) if isinstance(part.value, ast.Call) else None
        return None


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_own(node: ast.AST, attribute: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == attribute and dotted_name(node.value) == "self"


def _arguments(call: ast.Call) -> list[tuple[str | int, ast.expr]]:
    named = [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg]
    return [*enumerate(call.args), *named]


def _constructor(node: ast.stmt) -> _Function | None:
    if isinstance(node, _Function):
        return node
    body = node.body if isinstance(node, ast.ClassDef) else []
    return next((part for part in body if isinstance(part, _Function) and part.name == "__init__"), None)


def _parameter(function: _Function, argument: str | int, is_class: bool) -> str | None:
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    if isinstance(argument, int):
        position = argument + is_class
        return names[position] if position < len(names) else None
    known = {*names, *(one.arg for one in function.args.kwonlyargs)}
    return argument if argument in known else None
