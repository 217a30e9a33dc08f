"""The arguments that upstream's classes and functions take, from the text of a pin."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from yolopatch.core.syntax import method, parse


@dataclass(frozen=True)
class Parameter:
    """An argument of a constructor or function; `default` is its default as in the file, None if it is required."""

    name: str
    default: str | None


@dataclass(frozen=True)
class Signature:
    """What a constructor or function takes.

    Attributes:
        parameters: those that can be given by position, without `self`.
        by_name: those that can only be given by name.
        takes_more: whether it has `*args` or `**kwargs`.
    """

    parameters: tuple[Parameter, ...]
    by_name: tuple[Parameter, ...] = ()
    takes_more: bool = False

    def __str__(self) -> str:
        """Return it as in messages: `(c1, c2, k=1)`."""
        shown = [one.name if one.default is None else f"{one.name}={one.default}" for one in self.parameters]
        named = [one.name if one.default is None else f"{one.name}={one.default}" for one in self.by_name]
        return f"({', '.join([*shown, *(['*', *named] if named else []), *(['...'] if self.takes_more else [])])})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of those that can be given by position, in order."""
        return tuple(one.name for one in self.parameters)

    def default(self, name: str) -> str | None:
        """Return the default of an argument; None if it is required, or unknown."""
        return next((one.default for one in (*self.parameters, *self.by_name) if one.name == name), None)


def signatures(texts: Iterable[str]) -> dict[str, Signature]:
    """Return the signature of each class and function at the top level of these files; the first of a name counts.

    A class without a constructor has that of the nearest base class in the files; without one, it is left out.
    """
    nodes: dict[str, ast.ClassDef | ast.FunctionDef] = {}
    for text in texts:
        for node in parse(text).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                nodes.setdefault(node.name, node)
    found = {}
    for name in nodes:
        function = _called(name, nodes)
        if function is not None:
            found[name] = _signature(function.args, isinstance(nodes[name], ast.ClassDef))
    return found


def write_signature(signature: Signature) -> str:
    """Return a signature as the arguments of a definition in Python."""
    parts = [one.name if one.default is None else f"{one.name}={one.default}" for one in signature.parameters]
    if signature.takes_more or signature.by_name:
        parts.append("*args" if signature.takes_more else "*")
    parts += [one.name if one.default is None else f"{one.name}={one.default}" for one in signature.by_name]
    return ", ".join(parts)


@lru_cache(maxsize=4096)
def read_signature(written: str) -> Signature:
    """Return the signature that `write_signature` wrote."""
    node = parse(f"def f({written}): ...").body[0]
    assert isinstance(node, ast.FunctionDef)
    return _signature(node.args, False)


def _called(
    name: str, nodes: Mapping[str, ast.ClassDef | ast.FunctionDef], seen: frozenset[str] = frozenset()
) -> ast.FunctionDef | None:
    node = nodes.get(name)
    if node is None or name in seen:
        return None
    if isinstance(node, ast.FunctionDef):
        return node
    bases = (_called(ast.unparse(base).rpartition(".")[2], nodes, seen | {name}) for base in node.bases)
    return method(node, "__init__") or next((one for one in bases if one), None)


def _signature(given: ast.arguments, is_method: bool) -> Signature:
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    parameters = [Parameter(one.arg, _written(default)) for one, default in zip(positional, defaults)]
    by_name = [Parameter(one.arg, _written(default)) for one, default in zip(given.kwonlyargs, given.kw_defaults)]
    return Signature(tuple(parameters[is_method:]), tuple(by_name), bool(given.vararg or given.kwarg))


def _written(default: ast.expr | None) -> str | None:
    return None if default is None else ast.unparse(default)
