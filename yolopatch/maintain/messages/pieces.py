"""A string expression of the source as texts with placeholders: one text for each form that it can take.

`f"{n} image{'s' if n > 1 else ''} in {folder}"` has two: `{n} images in {folder}` and `{n} image in {folder}`. A
translator sees whole sentences, and needs no rules for plurals.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_MOST_FORMS = 12  # of one expression; a part with more forms becomes a placeholder
_NAME = re.compile(r"[A-Za-z_]\w*$")


@dataclass(frozen=True)
class Hole:
    """A part of a text that is known only when the program runs: its expression, and whether it is a number."""

    source: str
    is_number: bool = False


Form = tuple["str | Hole", ...]


@dataclass
class Strings:
    """Reads string expressions of one function.

    Args:
        local: the expression of each variable that is assigned once, here or around it.
    """

    local: Mapping[str, ast.expr] = field(default_factory=dict)

    def inside(self, function: ast.FunctionDef) -> Strings:
        """Return what reads the expressions of a function that stands here; its own names hide those around it."""
        names = {one.id for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        names |= {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
        outer = {name: value for name, value in self.local.items() if name not in names}
        return Strings({**outer, **single_assignments(function)})

    def forms(self, node: ast.expr) -> list[Form] | None:
        """Return the forms of a string expression; None where it is no text of its own, or has too many forms."""
        found = self._forms(node, frozenset())
        return found if found and len(found) <= _MOST_FORMS else None

    def _forms(self, node: ast.expr, open_names: frozenset[str]) -> list[Form] | None:
        if isinstance(node, ast.Constant):
            return [(node.value,)] if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values, open_names)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._sum(node, open_names)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            sides = [side for side in (node.left, node.right) if _is_text(side)]
            return [("",), (sides[0].value,)] if len(sides) == 1 else None  # type: ignore[attr-defined]
        if isinstance(node, ast.IfExp):
            return self._choice((node.body, node.orelse), open_names)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return self._choice(node.values, open_names)
        if isinstance(node, ast.Name) and node.id in self.local and node.id not in open_names:
            return self._forms(self.local[node.id], open_names | {node.id})
        return None

    def _joined(self, parts: Sequence[ast.expr], open_names: frozenset[str]) -> list[Form]:
        columns: list[list[Form]] = []
        for part in parts:
            columns.append(self._part(part, open_names))
        if _count(columns) > _MOST_FORMS:
            columns = [column if len(column) == 1 else [(_hole(part),)] for column, part in zip(columns, parts)]
        return [tuple(itertools.chain.from_iterable(row)) for row in itertools.product(*columns)]

    def _part(self, part: ast.expr, open_names: frozenset[str]) -> list[Form]:
        if not isinstance(part, ast.FormattedValue):
            return self._forms(part, open_names) or [(_hole(part),)]
        plain = part.format_spec is None and part.conversion == -1
        found = self._forms(part.value, open_names) if plain else None
        return found if found and len(found) <= _MOST_FORMS else [(_hole(part),)]

    def _sum(self, node: ast.BinOp, open_names: frozenset[str]) -> list[Form] | None:
        sides = [self._forms(side, open_names) for side in (node.left, node.right)]
        if sides == [None, None]:
            return None
        left, right = (found or [(_hole(side),)] for found, side in zip(sides, (node.left, node.right)))
        return [first + second for first in left for second in right]

    def _choice(self, values: Sequence[ast.expr], open_names: frozenset[str]) -> list[Form] | None:
        found = [self._forms(value, open_names) for value in values]
        if not any(part for forms in found for form in forms or () for part in form):
            return None  # a value or nothing: an empty one makes no other sentence
        return [form for forms, value in zip(found, values) for form in (forms or [(_hole(value),)])]


def message_of(form: Form) -> str:
    """Return a form as a message: literal braces doubled, and a name for each placeholder."""
    names: dict[str, str] = {}
    text = ""
    for part in form:
        if isinstance(part, str):
            text += part.replace("{", "{{").replace("}", "}}")
            continue
        if part.source not in names:
            names[part.source] = _free_name(_short_name(part.source), names.values())
        text += "{" + names[part.source] + "!n" * part.is_number + "}"
    return text


def letters_of(form: Form) -> str:
    """Return the fixed part of a form, with a space for each placeholder."""
    return "".join(part if isinstance(part, str) else " " for part in form)


def single_assignments(function: ast.AST) -> dict[str, ast.expr]:
    """Return the local variables of a function that are assigned once, by one plain assignment."""
    counts: dict[str, int] = {}
    values: dict[str, ast.expr] = {}
    for node in _own_nodes(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            counts[node.id] = counts.get(node.id, 0) + 1
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
    return {name: value for name, value in values.items() if counts[name] == 1}


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _own_nodes(child)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _hole(part: ast.expr) -> Hole:
    value = part.value if isinstance(part, ast.FormattedValue) else part
    spec = ast.unparse(part.format_spec) if isinstance(part, ast.FormattedValue) and part.format_spec else ""
    is_count = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("len", "sum")
    return Hole(ast.unparse(value), is_count or re.search(r"[,dfe%]['\"]$", spec) is not None)


def _count(columns: Sequence[Sequence[Form]]) -> int:
    number = 1
    for column in columns:
        number *= len(column)
    return number


def _short_name(source: str) -> str:
    """Return the last name of an expression that says what it is: `found.pin` is `pin`, `len(rows)` is `rows`."""
    names = re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'|\"[^\"]*\"|\w+=\w+", "", source))
    names = [name.strip("_") for name in names if name.strip("_") and name not in _NO_NAMES]
    return names[-1] if names and _NAME.match(names[-1]) else "value"


_NO_NAMES = {
    "len",
    "str",
    "repr",
    "join",
    "sorted",
    "for",
    "in",
    "if",
    "else",
    "not",
    "and",
    "or",
    "is",
    "None",
    "quote",
    "shell",
}


def _free_name(name: str, taken: object) -> str:
    used = set(taken)  # type: ignore[call-overload]
    if name not in used:
        return name
    return next(f"{name}{number}" for number in itertools.count(2) if f"{name}{number}" not in used)
