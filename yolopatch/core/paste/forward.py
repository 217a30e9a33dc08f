"""Facts from the forward of a pasted module: its inputs, and whether it keeps the channels of its input."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import used_names

_LITERALS: dict[type, str] = {ast.Tuple: "a tuple", ast.List: "a list", ast.Dict: "a dict", ast.Set: "a set"}
_RESIZING = ("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d", "PixelShuffle", "PixelUnshuffle")


def inputs(paste: Pasted, name: str) -> tuple[str, ...] | None:
    """Return the required arguments of the forward; None if the file does not have the forward."""
    found = paste.method(name, "forward")
    if found is None:
        return None
    arguments = [a.arg for a in (*found.args.posonlyargs, *found.args.args)][1:]
    return tuple(arguments[: len(arguments) - len(found.args.defaults)])


def takes_several(paste: Pasted, name: str) -> ast.expr | None:
    """Return the code that uses the input as several maps, as in `x[0]` or `torch.cat(x, 1)`; None for one map."""
    found, taken = paste.method(name, "forward"), inputs(paste, name)
    if found is None or not taken:
        return None
    names = [node for node in ast.walk(found) if isinstance(node, ast.Name) and node.id == taken[0]]
    last = min((node.lineno for node in names if isinstance(node.ctx, ast.Store)), default=found.end_lineno)
    assert last is not None  # a parsed function has an end
    counted = {
        name for node in ast.walk(found) if isinstance(node, (ast.For, ast.comprehension)) for name in _names(node)
    }
    parts = (node for node in ast.walk(found) if isinstance(node, (ast.Subscript, ast.Call)) and node.lineno <= last)
    return next((node for node in parts if _is_element(node, taken[0], counted) or _joins(node, taken[0])), None)


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _names(loop: ast.For | ast.comprehension) -> set[str]:
    """Return the loop variables of a loop over numbers."""
    counts = isinstance(loop.iter, ast.Call) and ast.unparse(loop.iter.func) in ("range", "enumerate")
    return used_names(loop.target) if counts else set()


def _is_element(node: ast.AST, name: str, counted: set[str]) -> bool:
    if not (isinstance(node, ast.Subscript) and _is_name(node.value, name)):
        return False
    index = node.slice
    number = isinstance(index, ast.Constant) and isinstance(index.value, int)
    return number or (isinstance(index, ast.Name) and index.id in counted)


def _joins(node: ast.AST, name: str) -> bool:
    if not (isinstance(node, ast.Call) and node.args and _is_name(node.args[0], name)):
        return False
    return ast.unparse(node.func) in ("torch.cat", "torch.concat", "torch.stack")


def no_map(paste: Pasted, name: str) -> tuple[ast.stmt, str] | None:
    """Return the statement with which the forward gives something else than one map, and what; None where it may.

    What the forward's last statement returns counts: others may be for a mode that a model never uses.
    """
    found = paste.method(name, "forward")
    if found is None:
        return None
    last = found.body[-1]
    if isinstance(last, ast.Return):
        result = _resolved(found, last.value)
        kind = _LITERALS.get(type(result), "")
        return (last, kind) if kind else None
    returned = any(isinstance(node, (ast.Return, ast.Yield, ast.Raise)) for node in ast.walk(found))
    return None if returned else (last, "nothing")


def resizes(paste: Pasted, name: str) -> ast.expr | None:
    """Return the expression with which the forward ends that gives its map another size; None where none is seen."""
    found = paste.method(name, "forward")
    result = _result(found) if found else None
    made = {target: ast.unparse(cls).rpartition(".")[2] for target, cls in _made(paste, name)}
    return result if result is not None and _is_resizing(result, made) else None


def _made(paste: Pasted, name: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield (`self.x`, class) of what the constructor makes."""
    constructor = paste.method(name, "__init__")
    for node in ast.walk(constructor) if constructor else ():
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            yield ast.unparse(node.targets[0]), node.value.func


def _is_resizing(result: ast.expr, made: Mapping[str, str]) -> bool:
    if not isinstance(result, ast.Call):
        return False
    function = ast.unparse(result.func)
    plain = function.rpartition(".")[2]
    if plain in ("view", "reshape"):
        return any(_is_multiple(node) for argument in result.args[2:] for node in ast.walk(argument))
    if plain in ("interpolate", "upsample"):
        return not any(keyword.arg == "size" for keyword in result.keywords) and len(result.args) < 2
    return plain in ("pixel_shuffle", "pixel_unshuffle") or made.get(function, "") in _RESIZING


def _is_multiple(node: ast.AST) -> bool:
    """Return whether it is a size times a factor: `h * 2`, `self.scale * h`."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
        return False
    factors = [isinstance(side, (ast.Constant, ast.Attribute)) for side in (node.left, node.right)]
    return sum(factors) == 1


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
