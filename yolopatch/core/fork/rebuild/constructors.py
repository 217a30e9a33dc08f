"""What a method of a fork reads of its object, and a newer release's constructor no longer sets."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_CONSTRUCTOR = "__init__"


@dataclass(frozen=True)
class Unset:
    """An attribute that a fork's constructor sets, and the release's does not.

    Attributes:
        name: of the attribute.
        statement: of the fork's constructor.
        lacking: the names in its value that the release's constructor does not have; empty where it can be taken over.
    """

    name: str
    statement: ast.stmt
    lacking: tuple[str, ...]


def unset(method: ast.stmt, own: ast.ClassDef, theirs: ast.ClassDef) -> Iterator[Unset]:
    """Yield what a method reads of `self` that the fork's class sets and that of the release nowhere does.

    Args:
        method: of the fork.
        own: its class.
        theirs: the class of the same name in the release.
    """
    made, other = constructor_of(own), constructor_of(theirs)
    if made is None or other is None:
        return
    known = set(bound(other))
    there = set(_attributes(theirs, ast.Store))
    for name in dict.fromkeys(_attributes(method, ast.Load)):
        statement = next((one for one in made.body if name in _attributes(one, ast.Store)), None)
        if statement is None or name in there:
            continue
        taken = {part.id for part in ast.walk(statement) if isinstance(part, ast.Name)} - set(bound(statement))
        read = {f"self.{part}" for part in _attributes(statement, ast.Load) if part in _attributes(made, ast.Store)}
        lacking = (taken & set(bound(made)) - known) | {one for one in read if one.removeprefix("self.") not in there}
        yield Unset(name, statement, tuple(sorted(lacking)))


def constructor_of(owner: ast.ClassDef) -> ast.FunctionDef | None:
    """Return the constructor that a class has itself."""
    return next((one for one in owner.body if isinstance(one, ast.FunctionDef) and one.name == _CONSTRUCTOR), None)


def _attributes(node: ast.AST, context: type[ast.expr_context]) -> list[str]:
    """Return the attributes of `self` that code sets or reads."""
    return [
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute)
        and isinstance(part.ctx, context)
        and isinstance(part.value, ast.Name)
        and part.value.id == "self"
    ]


def bound(node: ast.AST) -> list[str]:
    """Return the names that a function binds: its parameters, and what it assigns."""
    arguments = [part.arg for part in ast.walk(node) if isinstance(part, ast.arg)]
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
    return [*arguments, *names]
