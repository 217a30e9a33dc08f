"""The constructor of a pasted module: its arguments and their meanings."""

from __future__ import annotations

import ast
from dataclasses import dataclass

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

    Raises:
        UsageError: no constructor is in the file.
    """
    for owner in (name, *paste.bases(name)):
        node = paste.classes.get(owner)
        found = node and method(node, "__init__")
        if found:
            return _constructor(found)
        if owner in ("nn.Conv2d", "torch.nn.Conv2d", "Conv2d"):
            conv2d = method(classes(parse(_CONV2D))["Conv2d"], "__init__")
            assert conv2d is not None
            return _constructor(conv2d, paste.classes[name].lineno)
        if owner in _PLAIN:
            return Constructor(paste.classes[name].lineno, (), takes_more=False)
    raise UsageError(
        f"{name} in {paste.name} has no constructor",
        details=["expected: an __init__ in it, or in a base class in the same file"],
        hint="add an __init__ with its arguments to the class",
    )


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
