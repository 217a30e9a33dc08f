"""The arguments that a user writes for a constructor: parsed, and bound to its signature."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.paste.constructor import Constructor
from yolopatch.core.syntax import parse_expression
from yolopatch.errors import UsageError
from yolopatch.wire import arguments as by

_ALLOWED = (
    *(ast.Constant, ast.Name, ast.Load, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop),
    *(ast.Tuple, ast.List, ast.Dict),
)
# what the kinds with one map offer, and what tells one kind from another
_USUAL = (by.INPUTS, by.OUTPUTS, by.KERNEL, by.STRIDE, by.REPEATS)
FROM_ARGS = "from --args"
_FUNCTIONS = frozenset({"int", "max", "min", "round", "sum"})


@dataclass(frozen=True)
class Given:
    """The value of a constructor's argument, and the reason for it."""

    argument: str
    value: str
    why: str


def example(constructor: Constructor, values: Mapping[str, str]) -> str:
    """Return arguments that a constructor takes, as `--args` has them: known values, and dots for those to fill in.

    What follows an argument by name is given by name, too.
    """
    shown = []
    by_name = False
    for argument in constructor.arguments:
        wanted = argument.name in values or argument.default is None
        by_name = by_name or argument.keyword_only or argument.name not in values
        if wanted:
            value = values.get(argument.name, "...")
            shown.append(f"{argument.name}={value}" if by_name else value)
    return ", ".join(shown)


def usual_values(constructor: Constructor, offered: Sequence[str]) -> dict[str, str]:
    """Return the values of arguments by their names alone, of those that a kind offers; each value once."""
    found: dict[str, str] = {}
    for argument in constructor.arguments:
        meaning = by.INPUTS if argument.meaning == by.CHANNELS else argument.meaning
        if meaning and meaning in offered and meaning not in found.values():
            found[argument.name] = meaning
    return found


def names_in(expression: str) -> set[str]:
    """Return the names that an expression uses, except functions and what has a point behind it."""
    tree = parse_expression(expression)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    roots = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called | roots}


def bind(
    args: str, constructor: Constructor, symbol: str, allows: Callable[[ast.expr], bool] | None = None
) -> tuple[Given, ...]:
    """Return the values of the arguments in a written call, in the order of the call.

    Args:
        args: the arguments, as they are written.
        constructor: that is called.
        symbol: its class.
        allows: tells whether a value is allowed; None for those with names, numbers and arithmetic.

    Raises:
        UsageError: the text is not a list of arguments, has a value that is not allowed, or does not fit.
    """
    call = _parsed(args, constructor, allows or is_plain)
    positional = [a.name for a in constructor.arguments if not a.keyword_only]
    if len(call.args) > len(positional):
        reason = f"{len(call.args)} positional arguments, and it takes {len(positional)}"
        raise _misfit(args, symbol, constructor, reason)
    found = [Given(name, ast.unparse(value), FROM_ARGS) for name, value in zip(positional, call.args)]
    known = {a.name for a in constructor.arguments}
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in known:
            raise _misfit(args, symbol, constructor, f"it has no argument {keyword.arg or '**'}")
        if keyword.arg in {one.argument for one in found}:
            raise _misfit(args, symbol, constructor, f"{keyword.arg} is given twice")
        found.append(Given(keyword.arg, ast.unparse(keyword.value), FROM_ARGS))
    return tuple(found)


def _parsed(args: str, constructor: Constructor, allows: Callable[[ast.expr], bool]) -> ast.Call:
    try:
        call = parse_expression(f"f({args})")
    except SyntaxError as error:
        raise _no_arguments(args, constructor, "it is not a list of arguments") from error
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "f":
        raise _no_arguments(args, constructor, "it is more than the arguments of one call")
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        if any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(value)):
            raise _no_arguments(args, constructor, "its dots stand for values that only you know")
        if not allows(value):
            why = f"{ast.unparse(value)} is more than names, numbers, arithmetic, layers and functions"
            raise _no_arguments(args, constructor, why)
    return call


def is_plain(value: ast.expr) -> bool:
    """Return whether an expression has nothing but names, numbers, texts, arithmetic, functions and elements."""
    return all(isinstance(node, _ALLOWED) or _is_function(node) or _is_element(node) for node in ast.walk(value))


def _is_element(node: ast.AST) -> bool:
    """Tell whether this is an element of a list, by its number: `inputs[-1]`."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return False
    number = node.slice.operand if isinstance(node.slice, ast.UnaryOp) else node.slice
    return isinstance(number, ast.Constant) and type(number.value) is int


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in _FUNCTIONS and not node.keywords


def _no_arguments(args: str, constructor: Constructor, why: str) -> UsageError:
    return UsageError(f"--args {args}: {why}", hint=_example_hint(constructor))


def _example_hint(constructor: Constructor) -> str:
    return f'e.g. --args "{example(constructor, usual_values(constructor, _USUAL))}"'


def _misfit(args: str, symbol: str, constructor: Constructor, why: str) -> UsageError:
    return UsageError(
        f"--args {args} does not fit {symbol}: {why}",
        details=[f"it takes: {symbol}{constructor.written}"],
        hint=_example_hint(constructor),
    )
