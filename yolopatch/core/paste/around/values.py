"""Arguments of a constructor that no row of a model can have: a layer, a function, what goes by its name only."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from yolopatch.catalog.kinds import KINDS
from yolopatch.core.paste.around.written import Written, free_name
from yolopatch.core.paste.calls import Given, bind, example, is_plain, names_in
from yolopatch.core.paste.constructor import Constructor, read_constructor
from yolopatch.core.paste.deciding import Decision
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import parse_expression
from yolopatch.errors import UsageError

# of torch, what a value may name; a file that uses these without an import gets one
_TORCH = frozenset({"nn", "F", "torch", "partial", "functools"})
# what rows, and what a layer reads, give to a call
_OF_ROWS = frozenset(name for kind in KINDS.values() for name in kind.values)
_PARTIAL = ("partial", "functools.partial")
_LAYERS = ("nn.", "torch.nn.")
_PARTS = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Load, ast.keyword, ast.UnaryOp, ast.unaryop)


def is_code(value: ast.expr) -> bool:
    """Tell whether a value of `--args` is a layer, a function, or a call of such."""
    return any(isinstance(node, ast.Attribute) or _is_call_of_layer(node) for node in ast.walk(value))


def around_values(paste: Pasted, symbol: str, constructor: Constructor, args: str) -> Written | None:
    """Return a class that gives another one its values; None where rows can have them all.

    Args:
        paste: the file.
        symbol: the class.
        constructor: of the class.
        args: the arguments of its constructor, as the user wrote them.

    Raises:
        UsageError: they do not fit, or have what neither the file nor torch has.
    """
    known = paste.names | _TORCH
    given = bind(args, constructor, symbol, lambda value: _is_allowed(value, known))
    if not any(_is_beyond_rows(parse_expression(one.value), paste) for one in given):
        return None
    for one in given:
        _require_known(one, args, paste, known)
    return class_with(paste, symbol, constructor, given)


def class_with(paste: Pasted, symbol: str, constructor: Constructor, given: Sequence[Given]) -> Written:
    """Return a class that gives another one these values, and takes only what they say of a row."""
    names = list(dict.fromkeys(name for one in given for name in _in_order(one.value) if name in _OF_ROWS))
    own = {one.name: one.default for one in constructor.arguments}
    usual = {one.value: own.get(one.argument) for one in given if one.value in names}
    fixed = [one.argument for one in given if not names_in(one.value) & _OF_ROWS]
    name = free_name(paste, f"{symbol}Given")
    call = example(constructor, {one.argument: one.value for one in given})
    code = (
        f"class {name}({symbol}):\n"
        f'    """{symbol} with what no row of a model gives it: {", ".join(fixed)}."""\n\n'
        f"    def __init__({', '.join(['self', *_signature(names, usual)])}):\n"
        f"        super().__init__({call})\n"
    )
    return Written(name, symbol, code, f"it calls {symbol}({call})", ", ".join(names) or None)


def _signature(names: Sequence[str], usual: dict[str, str | None]) -> Iterator[str]:
    """Yield the arguments of the class, with the defaults of the other one where Python allows them."""
    last = max((n for n, name in enumerate(names) if not _is_literal(usual.get(name))), default=-1)
    for place, name in enumerate(names):
        yield name if place <= last else f"{name}={usual[name]}"


def _is_literal(default: str | None) -> bool:
    if default is None:
        return False
    try:
        ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return False
    return True


def _in_order(value: str) -> Iterator[str]:
    return (node.id for node in ast.walk(parse_expression(value)) if isinstance(node, ast.Name))


def _is_beyond_rows(value: ast.expr, paste: Pasted) -> bool:
    """Tell whether no row can have a value: it is code, or a name of the file."""
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return is_code(value) or bool(names & paste.names - _OF_ROWS)


def _is_call_of_layer(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and not is_plain(node)


def _is_allowed(value: ast.expr, known: frozenset[str]) -> bool:
    """Tell whether a value has only names of the file and of torch, and calls that make a layer or a function."""
    if isinstance(value, ast.Call):
        called = ast.unparse(value.func)
        makes = called in _PARTIAL or called in known or (called.startswith(_LAYERS) and _is_class(called))
        parts = [*value.args, *(keyword.value for keyword in value.keywords if keyword.arg)]
        whole = len(parts) == len(value.args) + len(value.keywords)
        return is_plain(value) or (makes and whole and all(_is_allowed(one, known) for one in parts))
    if isinstance(value, ast.Attribute):
        return _is_dotted(value)
    if is_plain(value):
        return True
    children = [node for node in ast.iter_child_nodes(value) if isinstance(node, ast.expr)]
    return isinstance(value, _PARTS) and all(_is_allowed(one, known) for one in children)


def _is_class(dotted: str) -> bool:
    return dotted.rpartition(".")[2][:1].isupper()


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute) and not node.attr.startswith("_"):
        node = node.value
    return isinstance(node, ast.Name)


def _require_known(one: Given, args: str, paste: Pasted, known: frozenset[str]) -> None:
    """Refuse a name that neither the file nor torch has.

    Raises:
        UsageError: there is one.
    """
    value = parse_expression(one.value)
    if not _is_beyond_rows(value, paste):
        return
    called = {
        node.func.id for node in ast.walk(value) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)} - called
    strange = sorted(names - known - _OF_ROWS)
    if strange:
        raise UsageError(
            f"--args {args}: {paste.name} has no {strange[0]}",
            details=[f"classes in it: {', '.join(paste.classes)}"],
            hint=f"give {one.argument} a class of torch, {one.argument}=nn.GELU, or one of the file",
        )


def of_pasted(decision: Decision, paste: Pasted, written: Written) -> Decision:
    """Return a decision about a class that is written around one of the file, as one about that one."""
    if written.around not in paste.classes:  # a function
        return decision
    constructor = read_constructor(paste, written.around)
    return replace(decision, symbol=written.around, line=constructor.line, constructor=constructor.written)
