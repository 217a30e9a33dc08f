"""The names that a top-level statement takes from its file, and whether it takes them when it is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, order=True)
class Use:
    """A name of the file that a statement uses.

    Attributes:
        name: `ops`.
        attribute: the first attribute that is taken of it: `nms` of `ops.nms`; "" for the name alone.
        at_import: whether it must be there when the statement runs, and not only when a function is called.
    """

    name: str
    attribute: str
    at_import: bool


def uses(node: ast.stmt) -> tuple[Use, ...]:
    """Return what a statement at the top level of a file takes from the file; builtins are among them."""
    return tuple(sorted(set(_visit(node, (), True))))


def operator_packages(node: ast.stmt) -> frozenset[str]:
    """Return the namespaces of torch's operators that code calls: `torchvision` of `torch.ops.torchvision.nms`.

    A package gives its operators to torch while it is imported, whoever imports it.
    """
    found = (part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute) and _is_operators(part.value))
    return frozenset(found)


def _is_operators(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "ops"
        and isinstance(node.value, ast.Name)
        and node.value.id == "torch"
    )


def mutated(node: ast.stmt) -> str | None:
    """Return the name whose value a statement changes: `Conv` of `Conv.default_act = nn.ReLU()`; None if none."""
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return next((_root(target) for target in targets if isinstance(target, ast.Attribute | ast.Subscript)), None)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        return _root(node.value.func)
    return None


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _visit(node: ast.AST, own: tuple[frozenset[str], ...], now: bool) -> Iterator[Use]:
    """Yield the uses of a node; `own` has the names of the functions around it."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if not _is_own(node.value.id, own):
            yield Use(node.value.id, node.attr, now)
    elif isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and not _is_own(node.id, own):
            yield Use(node.id, "", now)
    elif isinstance(node, _FUNCTIONS):
        yield from _function(node, own, now)
    elif isinstance(node, ast.ClassDef):
        yield from _class(node, own, now)
    elif isinstance(node, _COMPREHENSIONS):
        first = node.generators[0]
        yield from _visit(first.iter, own, now)
        inner = (*own, frozenset(bound_names(node.generators)))
        parts = [part for part in ast.iter_child_nodes(node) if part is not first]
        for part in (first.target, *first.ifs, *parts):
            yield from _visit(part, inner, now)
    else:
        for part in ast.iter_child_nodes(node):
            yield from _visit(part, own, now)


def _function(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, own: tuple[frozenset[str], ...], now: bool
) -> Iterator[Use]:
    arguments = node.args
    listed = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    listed = (*listed, *(one for one in (arguments.vararg, arguments.kwarg) if one))
    outside: list[ast.AST | None] = [*arguments.defaults, *arguments.kw_defaults, *(one.annotation for one in listed)]
    if not isinstance(node, ast.Lambda):
        outside += [*node.decorator_list, node.returns]
    for part in outside:
        if part is not None:
            yield from _visit(part, own, now)
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    shared = {name for part in _shallow(body) if isinstance(part, ast.Global) for name in part.names}
    inner = (*own, frozenset({one.arg for one in listed} | (bound_names(body) - shared)))
    for part in body:
        yield from _visit(part, inner, False)


def _class(node: ast.ClassDef, own: tuple[frozenset[str], ...], now: bool) -> Iterator[Use]:
    for part in (*node.bases, *node.keywords, *node.decorator_list):
        yield from _visit(part, own, now)
    names = frozenset(bound_names(node.body))
    for part in node.body:
        # what a class binds is seen by its body, and not by its methods
        is_inner = isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        yield from _visit(part, own if is_inner else (*own, names), now)


def bound_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that code binds in its own scope: not those of the functions and classes in it."""
    found: set[str] = set()
    for part in _shallow(nodes):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            found.add(part.id)
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(part.name)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.split(".")[0] for alias in part.names}
        elif isinstance(part, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and part.name:
            found.add(part.name)
    return found


def _shallow(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of code without those of functions, classes and comprehensions in it."""
    todo = list(nodes)
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, _COMPREHENSIONS):
            # `:=` in a comprehension binds outside of it
            todo += [part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
        elif not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            todo += ast.iter_child_nodes(node)


def _is_own(name: str, own: tuple[frozenset[str], ...]) -> bool:
    return any(name in names for names in own)
