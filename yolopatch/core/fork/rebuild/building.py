"""The images with which a model finds its strides when it is built: a fork may take larger ones, or two of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from yolopatch.core.code.anchors import margin_of
from yolopatch.core.edits import Edit
from yolopatch.core.fork.rebuild.scope import Scope

_MODELS = ("DetectionModel", "Model")
_MAKERS = ("zeros", "empty", "ones", "rand", "randn")


@dataclass(frozen=True)
class Images:
    """How the constructor of a model finds strides.

    Attributes:
        node: its statement `m.stride = ...`.
        side: of the images, in pixels; None if it is no constant.
        number: of images; None if it is no constant.
        forward: the name of the function that it calls on them; "" if it is a method.
    """

    node: ast.stmt
    side: int | None
    number: int | None
    forward: str


def images_of(scope: Scope, path: str) -> Images | None:
    """Return how the models of a tree find strides; None if they do it in no known form."""
    code = scope.code(path)
    nodes = code.tree.body if code else []
    classes = {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}
    for name in _MODELS:
        if name in classes:
            found = _in_class(classes[name])
            if found:
                return found
    return None


def taken_of_heads(scope: Scope, path: str) -> frozenset[str]:
    """Return the keys that the models of a tree take of what a head returns: since 8.4 that is a mapping."""
    code = scope.code(path)
    nodes = code.tree.body if code else []
    classes = (node for node in nodes if isinstance(node, ast.ClassDef) and node.name in _MODELS)
    inits = (one for node in classes for one in node.body if getattr(one, "name", "") == "__init__")
    calls = (part for init in inits for part in ast.walk(init) if isinstance(part, ast.FunctionDef | ast.Lambda))
    inner = (call for call in calls if getattr(call, "name", "") != "__init__")
    parts = (part for call in inner for part in _always(call) if isinstance(part, ast.Subscript))
    keys = (part.slice.value for part in parts if isinstance(part.slice, ast.Constant))
    return frozenset(key for key in keys if isinstance(key, str))


def _always(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of code, but for what only heads with a second branch (`end2end`) reach."""
    yield node
    for part in ast.iter_child_nodes(node):
        if not (isinstance(part, ast.If | ast.IfExp) and "end2end" in ast.unparse(part.test)):
            yield from _always(part)


def image_lines(base: Images, fork: Images | None, path: str, text: str, test: str) -> Edit | None:
    """Return the lines that give the fork's models the fork's images; None if they are the release's own.

    Args:
        base: of the release.
        fork: of the fork.
        path: the file of the release with its models.
        text: its content.
        test: the condition that tells a model of the fork, with `self` for the model.
    """
    lines = []
    if fork and fork.side and base.side and fork.side != base.side:
        lines.append(f"s = {fork.side}")
    if fork and fork.number and base.number and fork.number % base.number == 0 and fork.number != base.number:
        times = fork.number // base.number
        if base.forward:
            lines.append(f"{base.forward} = lambda x, once={base.forward}: once(x.repeat({times}, 1, 1, 1))")
    if not lines:
        return None
    margin = margin_of(text, base.node)
    block = "".join(f"{margin}    {line}\n" for line in lines)
    return Edit(path, base.node.lineno - 1, f"{margin}if {test}:\n{block}")


def _in_class(node: ast.ClassDef) -> Images | None:
    for part in ast.walk(node):
        if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == "m.stride":
            made = next((call for call in ast.walk(part.value) if _is_image(call)), None)
            if isinstance(made, ast.Call) and made.args:
                return Images(part, _side(node, made), _constant(made.args[0]), _caller(part.value, made))
    return None


def _is_image(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MAKERS


def _side(node: ast.ClassDef, made: ast.Call) -> int | None:
    last = made.args[-1]
    if not isinstance(last, ast.Name):
        return _constant(last)
    values = (part.value for part in ast.walk(node) if isinstance(part, ast.Assign) and _names(part) == [last.id])
    return next((found for value in values if (found := _constant(value))), None)


def _caller(node: ast.expr, made: ast.Call) -> str:
    calls = (part for part in ast.walk(node) if isinstance(part, ast.Call) and any(one is made for one in part.args))
    return next((part.func.id for part in calls if isinstance(part.func, ast.Name)), "")


def _constant(node: ast.expr) -> int | None:
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def _names(node: ast.Assign) -> list[str]:
    return [part.id for part in node.targets if isinstance(part, ast.Name)]
