"""The forward of a pasted module as its text says it: what it takes, and whether it returns its input changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import is_static, used_names


def inputs(paste: Pasted, name: str) -> tuple[str, ...] | None:
    """Return the arguments that the forward gets: those that it requires, or else the first one.

    None if the file does not have the forward.
    """
    found = paste.method(name, "forward")
    if found is None:
        return None
    arguments = [a.arg for a in (*found.args.posonlyargs, *found.args.args)][0 if is_static(found) else 1 :]
    required = arguments[: max(len(arguments) - len(found.args.defaults), 0)]
    return tuple(required or arguments[:1])  # forward(self, x=None): a model calls it with its map


def takes_any_number(paste: Pasted, name: str) -> bool:
    """Tell whether the forward takes its maps one by one, however many they are: `forward(self, *x)`."""
    found = paste.method(name, "forward")
    return bool(found and found.args.vararg)


def unpacks_input(paste: Pasted, name: str) -> bool:
    """Tell whether the forward takes several maps out of its one input: `a, b = x`."""
    found, taken = paste.method(name, "forward"), inputs(paste, name)
    if found is None or taken is None or len(taken) != 1:
        return False
    unpacked = (node for node in found.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple))
    return any(isinstance(node.value, ast.Name) and node.value.id == taken[0] for node in unpacked)


def unpacked_sizes(paste: Pasted, line: int) -> tuple[str, ...]:
    """Return the names to which a line gives the sizes of a value: `B, N, C = x.shape`; () for another line."""
    for node in ast.walk(paste.tree):
        if isinstance(node, ast.Assign) and node.lineno == line and _is_shape(node.value):
            target = node.targets[0]
            return tuple(map(ast.unparse, target.elts)) if isinstance(target, ast.Tuple) else ()
    return ()


def reads_channels_last(paste: Pasted, name: str) -> bool:
    """Tell whether the forward names the sizes of its input, as it gets it, so: `B, H, W, C = x.shape`."""
    found, taken = paste.method(name, "forward"), inputs(paste, name)
    if found is None or not taken:
        return False
    for node in found.body:
        if not isinstance(node, ast.Assign):
            continue
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == taken[0]:
            return False  # it may be turned before
        if _is_shape(node.value) and isinstance(target, ast.Tuple) and taken[0] in used_names(node.value):
            names = [ast.unparse(one).casefold() for one in target.elts]
            return len(names) == 4 and names[1].startswith("h") and names[2].startswith("w")
    return False


def _is_shape(node: ast.expr) -> bool:
    """Tell whether this is `x.shape` or `x.size()`."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr == "size" and not node.args
    return isinstance(node, ast.Attribute) and node.attr == "shape"


def kept_input(paste: Pasted, name: str) -> str:
    """Return why the output has as many channels as the input, as part of a sentence; "" if it is unknown."""
    found, taken = paste.method(name, "forward"), inputs(paste, name)
    if found is None or not taken:
        return ""
    same, sizes = {taken[0]}, ""
    for node in ast.walk(found):
        if isinstance(node, ast.Assign) and _holds(node.value, same):
            same |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.Assign) and ast.unparse(node.value) in (f"{taken[0]}.size()", f"{taken[0]}.shape"):
            sizes = ast.unparse(node.targets[0]).strip("()")
    result = _result(found)
    if _holds(result, same):
        return "its forward returns its input, multiplied with or added to something"
    return "its forward gives its output the shape of its input" if _has_shape(result, taken[0], sizes) else ""


def _has_shape(node: ast.expr | None, name: str, sizes: str) -> bool:
    """Tell whether an expression ends in `.view(b, c, h, w)` with the input's sizes, or in `.view_as(x)`."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    given = ", ".join(map(ast.unparse, node.args))
    if node.func.attr in ("view_as", "reshape_as"):
        return given == name
    return node.func.attr in ("view", "reshape") and given in (sizes, f"{name}.size()", f"{name}.shape") and bool(given)


def _holds(node: ast.expr | None, names: set[str]) -> bool:
    """Tell whether an expression is one of these names, or a sum or product with one."""
    return any(isinstance(operand, ast.Name) and operand.id in names for operand in _operands(node))


def _operands(node: ast.expr | None) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Add)):
        yield from _operands(node.left)
        yield from _operands(node.right)
    elif node is not None:
        yield node


def _result(forward: ast.FunctionDef) -> ast.expr | None:
    """Return the last returned expression of the forward; for a name, the last value that was assigned to it."""
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
