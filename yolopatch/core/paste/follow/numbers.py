"""Arithmetic of the code's own numbers, with limits on their size, and with a note of what each is used for."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.arrays import each, is_array
from yolopatch.core.paste.follow.rules.elementwise import element_by_element
from yolopatch.core.paste.follow.rules.joining import matmul
from yolopatch.core.paste.follow.rules.registry import Run
from yolopatch.core.paste.follow.rules.sizes import LARGEST, is_large_power, shown
from yolopatch.core.paste.follow.values import Library, Table, Tensor, Unknown, computed, unknown_in

_LONGEST = 10_000  # elements of a list or letters of a text

_PLAIN = (int, float, str, list, tuple, dict, type(None))

_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
}
_COMPARISONS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def arithmetic(run: Run, kind: ast.operator, left: Any, right: Any) -> Any:
    """Return what an operator gives for numbers, texts, lists or maps.

    Raises:
        Fails: Python or torch raises.
        Open: the result is too large to be of a module.
    """
    unknown = unknown_in((left, right)) if not isinstance(left, list) else unknown_in(right)
    if unknown:
        return unknown
    tensors = [one for one in (left, right) if isinstance(one, Tensor)]
    if tensors and all(map(is_array, tensors)) and type(kind) in _OPERATORS:
        return each(_bounded(kind), left, right)
    if tensors:
        return matmul(run, left, right) if isinstance(kind, ast.MatMult) else element_by_element(run, left, right)
    if isinstance(left, Library) or isinstance(right, Library):
        return Unknown(f"{shown(left)} and {shown(right)}")
    function = _OPERATORS.get(type(kind))
    if function is None:
        raise Open("an operator")
    if isinstance(kind, (ast.FloorDiv, ast.Div, ast.Mod)):
        run.note(right, uses.DIVISOR)
    elif isinstance(kind, (ast.Mult, ast.Pow)):
        run.note(right, uses.COUNT if isinstance(left, (list, tuple)) else uses.FACTOR)
        run.note(left, uses.COUNT if isinstance(right, (list, tuple)) else uses.FACTOR)
    _refuse_large(kind, left, right)
    try:
        return computed(function(left, right), left, right)
    except ZeroDivisionError as error:
        raise Fails(f"{left} divided by 0", "ZeroDivisionError") from error
    except TypeError as error:
        if all(isinstance(one, _PLAIN) for one in (left, right)):
            raise Fails(_in_pythons_words(error), "TypeError") from error
        raise Open(str(error)) from error
    except (OverflowError, ValueError) as error:
        raise Fails(str(error), type(error).__name__) from error


def _bounded(kind: ast.operator) -> Callable[[Any, Any], Any]:
    """Return what an operator gives for numbers, with a limit on their size."""

    def run(left: Any, right: Any) -> Any:
        _refuse_large(kind, left, right)
        return _OPERATORS[type(kind)](left, right)

    return run


def _refuse_large(kind: ast.operator, left: Any, right: Any) -> None:
    numbers = [abs(one) for one in (left, right) if isinstance(one, (int, float))]
    if isinstance(kind, (ast.Pow, ast.LShift)) and len(numbers) == 2 and is_large_power(*numbers):
        raise Open("a very large number")
    if any(number > LARGEST for number in numbers):
        raise Open("a very large number")
    for one, other in ((left, right), (right, left)):
        if isinstance(one, (str, list, tuple)):
            count = other if isinstance(other, int) and isinstance(kind, ast.Mult) else 1
            more = len(other) if isinstance(other, (str, list, tuple)) else 0
            if len(one) * max(count, 1) + more > _LONGEST:
                raise Open("a very long list")


def _in_pythons_words(error: TypeError) -> str:
    """Return what Python says, with its own types in the place of those that note where a number comes from."""
    return str(error).replace("'Whole'", "'int'").replace("'Real'", "'float'")


def comparison(run: Run, kind: ast.cmpop, left: Any, right: Any) -> Any:
    """Return what a comparison gives; unknown where a side is."""
    if isinstance(kind, (ast.Is, ast.IsNot)):
        return _is(kind, left, right)
    unknown = unknown_in((left, right))
    if unknown:
        return unknown
    if isinstance(kind, (ast.In, ast.NotIn)):
        return _is_in(kind, left, right)
    run.note((left, right), uses.TEST)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        if isinstance(left, (Tensor, int, float)) and isinstance(right, (Tensor, int, float)):
            return Tensor(element_by_element(run, left, right).shape, "torch.bool")
        return isinstance(kind, ast.NotEq)
    if _decided_elsewhere(kind, left, right):
        return Unknown(f"{shown(left)} and {shown(right)}")
    try:
        return _COMPARISONS[type(kind)](left, right)
    except TypeError as error:
        raise Fails(_in_pythons_words(error), "TypeError") from error


def _decided_elsewhere(kind: ast.cmpop, left: Any, right: Any) -> bool:
    """Tell whether a side is a value of a library that the computer decides: `sys.version_info >= (3, 8)`.

    A class of torch is no text, which the code often asks: `act == "relu"`.
    """
    libraries = [one for one in (left, right) if isinstance(one, Library)]
    if not isinstance(kind, (ast.Eq, ast.NotEq)):
        return bool(libraries)
    return len(libraries) == 1 and not libraries[0].name.startswith("torch.")


def _is(kind: ast.cmpop, left: Any, right: Any) -> Any:
    unknown = next((one for one in (left, right) if isinstance(one, Unknown)), None)
    if unknown:
        return unknown
    plain = (None, True, False)
    same = left is right or (not any(left is one or right is one for one in plain) and left == right)
    return same if isinstance(kind, ast.Is) else not same


def _is_in(kind: ast.cmpop, left: Any, right: Any) -> bool:
    if not isinstance(right, (list, tuple, dict, set, str, range)):
        raise Open(f"the elements of {shown(right)}")
    try:
        found = left in right
    except TypeError as error:
        raise Open(str(error)) from error
    if isinstance(right, Table) and not found:
        raise Open(f"whether a table that is filled elsewhere has {shown(left)}")
    return found if isinstance(kind, ast.In) else not found


def negated(run: Run, kind: ast.unaryop, value: Any) -> Any:
    """Return what `-x`, `+x`, `~x` or `not x` gives."""
    if isinstance(kind, ast.Not):
        return value if isinstance(value, Unknown) else not run.truth(value)
    if is_array(value) and isinstance(kind, ast.USub):
        return each(operator.neg, value)
    if isinstance(value, (Unknown, Tensor)):
        return value
    if isinstance(value, (int, float)):
        results: dict[type[ast.AST], Callable[[Any], Any]] = {
            ast.USub: operator.neg,
            ast.UAdd: operator.pos,
            ast.Invert: operator.inv,
        }
        return computed(results[type(kind)](value), value)
    raise Open(f"the sign of {shown(value)}")
