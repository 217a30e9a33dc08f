"""The constructor of a pasted module: its arguments and their meanings."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from yolopatch.catalog.interfaces import interface, own_pins
from yolopatch.core.paste.origins.known import upstream_classes
from yolopatch.core.paste.origins.signatures import read_signature
from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import classes, method, parse
from yolopatch.errors import UsageError
from yolopatch.wire.arguments import meaning_of

# the constructor of nn.Conv2d, for a class that inherits it
_CONV2D = """\
class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1): ...
"""
# base classes whose own constructor takes nothing
_PLAIN = ("nn.Module", "torch.nn.Module", "Module")


@dataclass(frozen=True)
class Argument:
    """An argument of a constructor.

    Attributes:
        name: as in the file.
        default: its default as in the file; None if it is required.
        meaning: its meaning, from its name; None if the name is unknown.
        keyword_only: whether it must be given by name.
    """

    name: str
    default: str | None
    meaning: str | None
    keyword_only: bool = False


@dataclass(frozen=True)
class Constructor:
    """The constructor of a class.

    Attributes:
        line: its first line in the file.
        arguments: without `self`.
        takes_more: whether it has `*args` or `**kwargs`.
    """

    line: int
    arguments: tuple[Argument, ...]
    takes_more: bool

    @property
    def written(self) -> str:
        """The arguments as text, for messages."""
        shown = [a.name if a.default is None else f"{a.name}={a.default}" for a in self.arguments]
        return f"({', '.join([*shown, '...'] if self.takes_more else shown)})"

    def meaning(self, meaning: str) -> Argument | None:
        """Return the first argument with this meaning."""
        return next((a for a in self.arguments if a.meaning == meaning), None)

    @property
    def required(self) -> tuple[Argument, ...]:
        """The required arguments."""
        return tuple(a for a in self.arguments if a.default is None)


def read_constructor(paste: Pasted, name: str) -> Constructor:
    """Return the constructor of a class: its own, or that of the nearest base class in the file.

    What a constructor hands on to that of its base class, `super().__init__(*args, **kwargs)`, it takes, too.

    Raises:
        UsageError: no constructor is in the file.
    """
    owners = [name, *paste.bases(name)]
    found = _nearest(paste, owners, paste.classes[name].lineno)
    if found is not None:
        return found
    raise UsageError(
        f"{name} in {paste.name} has no constructor",
        details=["expected: an __init__ in it, or in a base class in the same file"],
        hint="add an __init__ with its arguments to the class",
    )


def _nearest(paste: Pasted, owners: Sequence[str], line: int) -> Constructor | None:
    """Return the constructor of the first of these classes that has one; `line` is that of the first class."""
    for place, owner in enumerate(owners):
        node = paste.classes.get(owner)
        found = node and method(node, "__init__")
        if found:
            own, call = _constructor(found), _handing_on(found)
            inner = _nearest(paste, owners[place + 1 :], line) if call else None
            return own if call is None or inner is None else _with_handed_on(own, call, inner)
        if owner in ("nn.Conv2d", "torch.nn.Conv2d", "Conv2d"):
            conv2d = method(classes(parse(_CONV2D))["Conv2d"], "__init__")
            assert conv2d is not None
            return _constructor(conv2d, line)
        if owner in _PLAIN:
            return Constructor(line, (), takes_more=False)
        if node is None and (written := _of_upstream(owner)):
            return _constructor(written, line)
    return None


def _of_upstream(name: str) -> ast.FunctionDef | None:
    """Return the constructor of upstream's class of this name, as far as the pins agree; None for another class."""
    written = [interface(pin).signatures.get(name) for pin in own_pins() if name in upstream_classes()]
    found = [read_signature(one).parameters for one in written if one is not None]
    if not found:
        return None
    count = next((n for n, row in enumerate(zip(*found)) if len({*row}) > 1), min(map(len, found)))
    shown = [one.name if one.default is None else f"{one.name}={one.default}" for one in found[0][:count]]
    text = f"class X:\n    def __init__({', '.join(['self', *shown])}): ..."
    return method(classes(parse(text))["X"], "__init__")


def _with_handed_on(own: Constructor, call: ast.Call, inner: Constructor) -> Constructor:
    """Return a constructor with the arguments of its base class's, which it hands on in this call as they are."""
    given = [one for one in call.args if not isinstance(one, ast.Starred)]
    names = {one.arg for one in call.keywords} | {one.name for one in own.arguments}
    by_place = len(given) < len(call.args)
    rest = [one for one in inner.arguments[len(given) :] if one.name not in names]
    handed = tuple(replace(one, keyword_only=one.keyword_only or not by_place) for one in rest)
    first = tuple(one for one in own.arguments if not one.keyword_only)
    last = tuple(one for one in own.arguments if one.keyword_only)
    return replace(own, arguments=(*first, *handed, *last), takes_more=inner.takes_more)


def _handing_on(node: ast.FunctionDef) -> ast.Call | None:
    """Return the call of the base class's constructor that gets the `**kwargs` of this one."""
    for call in (part for part in ast.walk(node) if isinstance(part, ast.Call)):
        written = ast.unparse(call.func)
        handed = {ast.unparse(one.value) for one in call.keywords if one.arg is None}
        if written.startswith("super(") and written.endswith(").__init__") and node.args.kwarg:
            return call if node.args.kwarg.arg in handed else None
    return None


def _constructor(node: ast.FunctionDef, line: int = 0) -> Constructor:
    given = node.args
    positional = [*given.posonlyargs, *given.args][1:]
    missing = len(positional) - min(len(given.defaults), len(positional))
    defaults = [*[None] * missing, *given.defaults[-len(positional) :]]
    arguments = [_argument(node, a, default) for a, default in zip(positional, defaults)]
    arguments += [_argument(node, a, default, True) for a, default in zip(given.kwonlyargs, given.kw_defaults)]
    return Constructor(line or node.lineno, tuple(arguments), bool(given.vararg or given.kwarg))


def _argument(init: ast.FunctionDef, given: ast.arg, default: ast.expr | None, keyword_only: bool = False) -> Argument:
    meaning = None if _is_several(init, given.arg, default) else meaning_of(given.arg)
    return Argument(given.arg, ast.unparse(default) if default else None, meaning, keyword_only)


def _is_several(init: ast.FunctionDef, name: str, default: ast.expr | None) -> bool:
    """Tell whether an argument is a list of numbers, which no single number can replace: `k=(5, 9, 13)`, `ch=()`.

    A pair of equal numbers means one number, as in torch, unless the constructor uses its elements.
    """
    if not isinstance(default, (ast.Tuple, ast.List)):
        return False
    apart = any(isinstance(n, ast.Subscript) and ast.unparse(n.value) == name for n in ast.walk(init))
    return apart or len(default.elts) != 2 or len({*map(ast.unparse, default.elts)}) != 1
