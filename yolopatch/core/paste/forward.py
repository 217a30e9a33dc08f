"""What the forward of a pasted module says of it: what it takes, what it ends in, whether it keeps its input."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from yolopatch.core.paste.constructor import method
from yolopatch.core.paste.reading import Pasted

_NORMS = frozenset({"BatchNorm2d", "SyncBatchNorm", "GroupNorm", "InstanceNorm2d"})
# upstream's, each with its BatchNorm
_NORMED = frozenset({"Conv", "DWConv", "GhostConv", "LightConv", "RepConv", "Conv2"})
_ACTIVATIONS = frozenset(
    {"SiLU", "ReLU", "ReLU6", "LeakyReLU", "PReLU", "GELU", "ELU", "Mish", "Hardswish", "Identity", "Sigmoid", "Tanh"}
    | {"Dropout", "Dropout2d"}
)
_DEEPEST = 12  # definitions that one may end in another of


def inputs(paste: Pasted, name: str) -> tuple[str, ...] | None:
    """Return the arguments that the forward must be given, None where the file does not have it."""
    found = _forward(paste, name)
    if found is None:
        return None
    arguments = [a.arg for a in (*found.args.posonlyargs, *found.args.args)][1:]
    return tuple(arguments[: len(arguments) - len(found.args.defaults)])


def norm_at_the_end(paste: Pasted, name: str, depth: int = 0) -> str | None:
    """Return what normalises the output of a class, None where nothing does: `self.bn`.

    Activations behind it, and sums and products of it, do not count.
    """
    own = next((base for base in paste.bases(name) if base in _NORMED and base not in paste.classes), None)
    found = _forward(paste, name)
    if found is None:
        return own and f"what it derives from, {own},"
    for node in _ends(found, _result(found)):
        if own and ast.unparse(node) in ("super().forward", "self.bn"):
            return ast.unparse(node)
        made = _made_by(paste, name, node)
        if made is not None and _normalises(paste, made, depth):
            return ast.unparse(node)
    return None


def keeps_its_input(paste: Pasted, name: str) -> bool:
    """Tell whether the result is the input multiplied by or added to something: as many channels go out as come in."""
    found = _forward(paste, name)
    taken = inputs(paste, name)
    if found is None or not taken:
        return False
    same = {taken[0]}
    for node in ast.walk(found):
        if isinstance(node, ast.Assign) and _holds(node.value, same):
            same |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return _holds(_result(found), same)


def _holds(node: ast.expr | None, names: set[str]) -> bool:
    """Tell whether an expression is one of these names, or a sum or product with one."""
    return any(isinstance(operand, ast.Name) and operand.id in names for operand in _operands(node))


def _forward(paste: Pasted, name: str) -> ast.FunctionDef | None:
    owners = (paste.classes[owner] for owner in (name, *paste.bases(name)) if owner in paste.classes)
    return next((found for found in (method(owner, "forward") for owner in owners) if found), None)


def _result(forward: ast.FunctionDef) -> ast.expr | None:
    """Return the expression that the forward returns last; a name is what was assigned to it last."""
    returned = [node.value for node in ast.walk(forward) if isinstance(node, ast.Return)]
    return _resolved(forward, returned[-1]) if returned else None


def _resolved(forward: ast.FunctionDef, node: ast.expr | None) -> ast.expr | None:
    if not isinstance(node, ast.Name):
        return node
    assigned = [
        statement.value
        for statement in ast.walk(forward)
        if isinstance(statement, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == node.id for target in statement.targets)
        and statement.lineno <= node.lineno
        and statement.value is not node
    ]
    last = max(assigned, key=lambda value: value.lineno, default=None)
    return node if last is None or isinstance(last, ast.Name) else last


def _operands(node: ast.expr | None) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Add)):
        yield from _operands(node.left)
        yield from _operands(node.right)
    elif node is not None:
        yield node


def _ends(forward: ast.FunctionDef, node: ast.expr | None, depth: int = 0) -> Iterator[ast.expr]:
    """Yield what the result comes from: the functions that are called for it, the last ones first."""
    for operand in _operands(node):
        part = _resolved(forward, operand) if depth else operand
        if not isinstance(part, ast.Call) or depth > _DEEPEST:
            continue
        if ast.unparse(part.func) in ("torch.cat", "torch.concat") and isinstance(part.args[0], (ast.Tuple, ast.List)):
            for element in part.args[0].elts:
                yield from _ends(forward, _resolved(forward, element), depth + 1)
        yield part.func
        if part.args and _is_passed_through(part.func):
            yield from _ends(forward, _resolved(forward, part.args[0]), depth + 1)


def _is_passed_through(function: ast.expr) -> bool:
    """Tell whether what is called is an activation, by its name: what matters is before it."""
    last = ast.unparse(function).rpartition(".")[2].casefold()
    return any(word in last for word in ("act", "relu", "silu", "gelu", "sigmoid", "drop", "mish", "swish"))


def _made_by(paste: Pasted, name: str, called: ast.expr) -> ast.expr | None:
    """Return what the constructor assigns to the attribute that is called, or the function itself."""
    if not (isinstance(called, ast.Attribute) and ast.unparse(called.value) == "self"):
        return called
    for owner in (name, *paste.bases(name)):
        init = method(paste.classes[owner], "__init__") if owner in paste.classes else None
        for node in ast.walk(init) if init else ():
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(called):
                return node.value
    return None


def _normalises(paste: Pasted, made: ast.expr, depth: int) -> bool:
    """Tell whether what was made ends in a norm: a norm, upstream's Conv, a chain of modules, a class of the file."""
    if not isinstance(made, ast.Call):
        return False
    kind = ast.unparse(made.func).rpartition(".")[2]
    if kind in paste.classes:
        return depth < _DEEPEST and norm_at_the_end(paste, kind, depth + 1) is not None
    if kind == "Sequential":
        chain = [a for a in made.args if _kind(a) not in _ACTIVATIONS]
        return bool(chain) and _normalises(paste, chain[-1], depth)
    return kind in _NORMS or kind in _NORMED


def _kind(node: ast.expr) -> str:
    return ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
