"""Tell a loss from a layer by what its code does: it compares two of its arguments, or reduces them to one number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import used_names

# torch's own losses: F.binary_cross_entropy(...), and nn.BCEWithLogitsLoss() stored on the object
_FUNCTIONS = re.compile(
    r"(?:F|functional|torch\.nn\.functional|nn\.functional)\.(?:\w+_loss|\w*cross_entropy\w*|kl_div)"
)
_CLASSES = re.compile(r"(?:nn|torch\.nn)\.\w+Loss")
_EXTREMES = ("min", "max", "minimum", "maximum")
_SIZES = ("abs", "pow", "square", "sqrt", "norm")
_REDUCTIONS = ("mean", "sum")
# what a value was made by, beside the arguments that it was computed from
_OVERLAP, _DIFFERENCE, _NUMBER = "<overlap>", "<difference>", "<number>"
_MADE_BY = frozenset({_OVERLAP, _DIFFERENCE, _NUMBER})

_Origins = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Loss:
    """A loss in a pasted file.

    Attributes:
        name: of the function or the class.
        line: the line that shows it.
        why: what it does there.
    """

    name: str
    line: int
    why: str


def find_losses(paste: Pasted) -> Iterator[Loss]:
    """Yield each loss among the functions and classes of a file."""
    for node in paste.tree.body:
        if isinstance(node, ast.ClassDef):
            names = [part.name for part in node.body if isinstance(part, ast.FunctionDef) and part.name != "__init__"]
            found = next((loss for name in names if (loss := loss_of_method(paste, node.name, name))), None)
        else:
            found = _read(node.name, node, frozenset(), skip=0) if isinstance(node, ast.FunctionDef) else None
        if found:
            yield found


def loss_of_method(paste: Pasted, owner: str, name: str) -> Loss | None:
    """Return the loss that a method of a class computes, None where it computes none or is not in the file."""
    found = paste.method(owner, name)
    return _read(owner, found, frozenset(_stored_losses(paste, owner)), skip=1) if found else None


def _stored_losses(paste: Pasted, owner: str) -> Iterator[str]:
    """Yield the attributes in which the constructor stores a loss of torch's: `self.bce`."""
    init = paste.method(owner, "__init__")
    for part in ast.walk(init) if init else ():
        if isinstance(part, ast.Assign) and _CLASSES.fullmatch(ast.unparse(getattr(part.value, "func", part.value))):
            yield from map(ast.unparse, part.targets)


def _read(name: str, node: ast.FunctionDef, stored: frozenset[str], skip: int) -> Loss | None:
    """Return what makes a function a loss; only a function with two arguments or more can compare."""
    arguments = [one.arg for one in (*node.args.posonlyargs, *node.args.args)][skip:]
    if len(arguments) < 2:
        return None
    origins = _origins(node, arguments)
    parts = sorted((part for part in ast.walk(node) if hasattr(part, "lineno")), key=lambda part: part.lineno)
    return next((Loss(name, part.lineno, why) for part in parts if (why := _shows(part, origins, stored))), None)


def _shows(part: ast.AST, origins: _Origins, stored: frozenset[str]) -> str:
    """Return what a part of a function does that only a loss does; "" for anything else."""
    if isinstance(part, ast.Call):
        called = ast.unparse(part.func)
        if _FUNCTIONS.fullmatch(called) or called in stored:
            return f"it calls torch's loss {called}"
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div) and _OVERLAP in _origin(part.left, origins):
        return "it divides the overlap of two arguments"
    if _is_distance(part, origins):
        return "it measures how far two arguments are apart"
    if isinstance(part, ast.Return) and part.value is not None:
        values = part.value.elts if isinstance(part.value, ast.Tuple) else [part.value]
        if any(_is_number(value, origins) and len(_arguments(value, origins)) > 1 for value in values):
            return "it makes one number of two arguments"
    return ""


def _origins(node: ast.FunctionDef, arguments: list[str]) -> _Origins:
    """Return for each name the arguments that it was computed from, and what it was made by."""
    known = {name: frozenset({name}) for name in arguments}
    assignments = [part for part in ast.walk(node) if isinstance(part, (ast.Assign, ast.AugAssign))]
    for part in sorted(assignments, key=lambda part: part.lineno):
        if isinstance(part, ast.AugAssign):
            name = ast.unparse(part.target)
            before = ast.parse(name, mode="eval").body
            known[name] = _origin(ast.BinOp(left=before, op=part.op, right=part.value), known)
            continue
        for target in part.targets:
            _bind(target, part.value, known)
    return known


def _bind(target: ast.expr, value: ast.expr, known: dict[str, frozenset[str]]) -> None:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts):
            _bind(one, its, known)
        return
    found = _origin(value, known)
    for name in used_names(target):
        known[name] = found


def _origin(value: ast.expr, known: _Origins) -> frozenset[str]:
    """Return where a value comes from; that a part of it is one number does not make it one."""
    found = {origin for name in used_names(value) for origin in known.get(name, ())} - {_NUMBER}
    for part in ast.walk(value):
        if _is_of_two(_compared(part), known):
            found.add(_OVERLAP)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub) and _is_of_two([part.left, part.right], known):
            found.add(_DIFFERENCE)
    return frozenset(found | {_NUMBER}) if _is_number(value, known) else frozenset(found)


def _compared(part: ast.AST) -> list[ast.expr]:
    """Return what `torch.min(a, b)` or `a.minimum(b)` compares; nothing for another part."""
    if not (isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _EXTREMES):
        return []
    return [part.func.value, *part.args] if len(part.args) == 1 else part.args


def _is_of_two(values: list[ast.expr], known: _Origins) -> bool:
    """Tell whether these are two values, each from other arguments than the other."""
    origins = [_arguments(value, known) for value in values]
    return len(origins) == 2 and all(origins) and not origins[0] & origins[1]


def _arguments(value: ast.expr, known: _Origins) -> frozenset[str]:
    return frozenset(origin for name in used_names(value) for origin in known.get(name, ())) - _MADE_BY


def _is_distance(part: ast.AST, known: _Origins) -> bool:
    """Tell whether a part is the size of a difference of two arguments: its square, or its absolute value."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow):
        return _DIFFERENCE in _origin(part.left, known)
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult):
        return ast.unparse(part.left) == ast.unparse(part.right) and _DIFFERENCE in _origin(part.left, known)
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _SIZES:
        return any(_DIFFERENCE in _origin(value, known) for value in (part.func.value, *part.args[:1]))
    return False


def _is_number(value: ast.expr, known: _Origins) -> bool:
    """Tell whether a value is one number: `x.mean()` or `x.sum()` over everything, or a formula of such."""
    if isinstance(value, ast.Name):
        return _NUMBER in known.get(value.id, ())
    if isinstance(value, ast.IfExp):
        return _is_number(value.body, known) or _is_number(value.orelse, known)
    if isinstance(value, ast.BinOp):
        left, right = _is_number(value.left, known), _is_number(value.right, known)
        if left and isinstance(value.op, ast.Div):
            return True  # a sum is divided by what counts, often an argument
        plain = [one or not _arguments(side, known) for one, side in ((left, value.left), (right, value.right))]
        return all(plain) and (left or right)
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)):
        return False
    whole = 1 if ast.unparse(value.func.value) == "torch" else 0
    return value.func.attr in _REDUCTIONS and len(value.args) == whole and not value.keywords
