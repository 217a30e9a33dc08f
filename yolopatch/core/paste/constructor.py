"""A constructor of a pasted module: its arguments, and what each of them means."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from yolopatch.core.paste.reading import Pasted
from yolopatch.core.syntax import classes, method, parse
from yolopatch.errors import UsageError
from yolopatch.wire.arguments import meaning_of

# nn.Conv2d's, for a class that derives from it and has no constructor of its own
_CONV2D = """\
class Conv2d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1): ...
"""


@dataclass(frozen=True)
class Argument:
    """An argument of a constructor.

    Attributes:
        name: as the file has it.
        default: its default as the file writes it, None where it must be given.
        meaning: what it means by its name, None where the name does not say.
        keyword_only: whether it can be given by name alone.
    """

    name: str
    default: str | None
    meaning: str | None
    keyword_only: bool = False


@dataclass(frozen=True)
class Constructor:
    """A class's constructor.

    Attributes:
        line: where it begins in the file.
        arguments: without `self`.
        takes_more: whether it takes any further ones, by `*args` or `**kwargs`.
    """

    line: int
    arguments: tuple[Argument, ...]
    takes_more: bool

    @property
    def written(self) -> str:
        """The arguments as messages show them."""
        shown = [a.name if a.default is None else f"{a.name}={a.default}" for a in self.arguments]
        return f"({', '.join([*shown, '...'] if self.takes_more else shown)})"

    def meaning(self, meaning: str) -> Argument | None:
        """Return the first argument of this meaning."""
        return next((a for a in self.arguments if a.meaning == meaning), None)

    @property
    def required(self) -> tuple[Argument, ...]:
        """The arguments that must be given."""
        return tuple(a for a in self.arguments if a.default is None)


def read_constructor(paste: Pasted, name: str) -> Constructor:
    """Return the constructor of a class of the file, its own or that of the nearest class of the file that has one.

    Raises:
        UsageError: there is none to be read.
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
    raise UsageError(
        f"{name} in {paste.name} has no constructor that can be read",
        details=["expected: an __init__ in it, or in a class of the file that it derives from"],
        hint="give the class an __init__ with the arguments that it takes",
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
    """Tell whether an argument is a list of numbers, which no single one can stand for: `k=(5, 9, 13)`, `ch=()`.

    A pair of the same number is the one number that torch makes a pair of, unless the constructor takes it apart.
    """
    if not isinstance(default, (ast.Tuple, ast.List)):
        return False
    apart = any(isinstance(n, ast.Subscript) and ast.unparse(n.value) == name for n in ast.walk(init))
    return apart or len(default.elts) != 2 or len({*map(ast.unparse, default.elts)}) != 1
