"""The units of a Python file that are compared one by one: functions, methods, values, and what is left of classes."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yolopatch.core.fork.names.definitions import FunctionNode, assigned_names, is_main

FUNCTION, CLASS, VALUE, CODE = "function", "class", "value", "code"
MAIN = "__main__"  # the code that runs when the file is run as a script
_UNSEEN = ("__all__",)  # says what `from module import *` brings; names are followed to what they mean


@dataclass(frozen=True)
class Unit:
    """A unit of a file.

    Attributes:
        name: `ModelEMA.__init__`, `bbox_iou`, `CFG_FLOAT_KEYS`; "" for the code that runs at import, and MAIN.
        sort: FUNCTION, CLASS (its bases, and what is in it beside methods and values), VALUE or CODE.
        node: the definition; None for CODE.
        body: the statements to compare.
        line: in its file.
    """

    name: str
    sort: str
    node: ast.stmt | None
    body: tuple[ast.stmt, ...]
    line: int

    @property
    def owner(self) -> str:
        """The definition at the top level that it belongs to."""
        return self.name.split(".")[0]


def units_of(tree: ast.Module) -> dict[str, Unit]:
    """Return the units of a file by name; of several that have one name, the last one, which is the one that counts."""
    found = {unit.name: unit for unit in _units("", tree.body)}
    loose = tuple(_loose(tree.body))
    if loose:
        found[""] = Unit("", CODE, None, loose, loose[0].lineno)
    script = tuple(part for node in tree.body if isinstance(node, ast.If) and is_main(node) for part in node.body)
    if script:
        found[MAIN] = Unit(MAIN, CODE, None, script, script[0].lineno)
    return found


def code_of(unit: Unit) -> tuple[ast.AST, ...]:
    """Return the nodes that belong to this unit and to no other."""
    if unit.sort == CLASS and isinstance(unit.node, ast.ClassDef):
        keywords = [keyword.value for keyword in unit.node.keywords]
        return (*unit.node.bases, *keywords, *unit.node.decorator_list, *unit.body)
    return (unit.node,) if unit.node else unit.body


def _units(prefix: str, body: Sequence[ast.stmt]) -> Iterator[Unit]:
    for node in body:
        if isinstance(node, FunctionNode):
            yield Unit(f"{prefix}{node.name}{_role(node)}", FUNCTION, node, tuple(node.body), node.lineno)
        elif isinstance(node, ast.ClassDef):
            name = f"{prefix}{node.name}"
            yield Unit(name, CLASS, node, tuple(_loose(node.body)), node.lineno)
            yield from _units(f"{name}.", node.body)
        elif _is_value(node):
            name = assigned_names(node)[0]  # type: ignore[arg-type]
            if name not in _UNSEEN:
                yield Unit(f"{prefix}{name}", VALUE, node, (node,), node.lineno)
        elif isinstance(node, (ast.If, ast.Try, ast.With)) and not is_main(node):
            yield from (unit for unit in _units(prefix, list(_inside(node))) if unit.sort != VALUE)


def _role(node: FunctionNode) -> str:
    """Tell the setter of a property from the property."""
    roles = [part.attr for part in node.decorator_list if isinstance(part, ast.Attribute)]
    return next((f" ({role})" for role in roles if role in ("setter", "deleter")), "")


def _is_value(node: ast.stmt) -> bool:
    """Tell whether a statement gives one name a value."""
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.value is not None
    return isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)


def _inside(node: ast.stmt) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ExceptHandler):
            yield from child.body
        elif isinstance(child, ast.stmt):
            yield child


def _loose(body: Sequence[ast.stmt], top: bool = True) -> Iterator[ast.stmt]:
    """Yield the statements that are no units: without definitions and imports, and not what runs as a script only."""
    for node in body:
        if isinstance(node, (FunctionNode, ast.ClassDef, ast.Import, ast.ImportFrom)) or is_main(node):
            continue
        if top and _is_value(node):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, (ast.If, ast.Try, ast.With, ast.For)):
            kept = _without_units(node)
            if kept is not None:
                yield kept
        else:
            yield node


def _without_units(node: ast.stmt) -> ast.stmt | None:
    """Return a block without what are units by themselves; None if nothing is left."""
    kept = copy.copy(node)
    left = False
    for field in ("body", "orelse", "finalbody"):
        if hasattr(kept, field):
            part = list(_loose(getattr(kept, field), top=False))
            setattr(kept, field, part)
            left = left or bool(part)
    if isinstance(kept, ast.Try):
        kept.handlers = [copy.copy(handler) for handler in kept.handlers]
        for handler in kept.handlers:
            handler.body = list(_loose(handler.body, top=False))
            left = left or bool(handler.body)
    return kept if left else None
