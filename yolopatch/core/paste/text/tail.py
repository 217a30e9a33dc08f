"""What a post says of its class behind the Python: rows of a YAML, and the branch of parse_model."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

_ROW = re.compile(
    r"\[\s*(?:-?\d+|\[[-\d,\s]*\])\s*,\s*[\w.]+\s*,\s*['\"]?([A-Za-z_][\w.]*)['\"]?\s*,\s*(\[(?:[^\[\]]|\[[^\[\]]*\])*\])\s*\]"
)
_SECTION = re.compile(r"\s*(backbone|head)\s*:")


@dataclass(frozen=True)
class StatedRow:
    """A row of a post's YAML that has the class.

    Attributes:
        layer: its index among the rows of the YAML.
        before: how many rows of the class stand before it.
        in_backbone: whether it stands in the backbone; all families number their backbones alike.
        args: its arguments as Python values; None if they are no literals.
    """

    layer: int
    before: int
    in_backbone: bool
    args: tuple[object, ...] | None


def stated_rows(text: str, symbol: str) -> tuple[StatedRow, ...]:
    """Return the rows of the first YAML in a text that have a class."""
    found: list[StatedRow] = []
    layer, section, seen = 0, "", set()
    for line in text.splitlines():
        start = _SECTION.match(line)
        if start:
            if start[1] in seen:
                break  # another model
            section = start[1]
            seen.add(section)
        if line.lstrip().startswith("#"):
            continue
        for row in _ROW.finditer(line):
            if row[1] == symbol:
                found.append(StatedRow(layer, len(found), section == "backbone", _values(row[2])))
            layer += 1
    return tuple(found)


@dataclass(frozen=True)
class StatedOrder:
    """What a branch of parse_model makes of a row's arguments: `args = [ch[f], *args[1:]]`.

    Attributes:
        before: what stands before those of the row, as code.
        skipped: how many of the row are left out.
    """

    before: tuple[str, ...]
    skipped: int


def stated_order(text: str, symbol: str) -> StatedOrder | None:
    """Return what a branch of parse_model makes of a row's arguments; None if the text has no such branch."""
    for test, body in _branches(text):
        if symbol in re.findall(r"\w+", test):
            return next((order for node in body if (order := _order(node))), None)
    return None


def _branches(text: str) -> Iterator[tuple[str, list[ast.stmt]]]:
    lines = textwrap.dedent(text).splitlines()
    for number, line in enumerate(lines):
        head = re.match(r"(\s*)(?:el)?if\s+(m\b.*):\s*(?:#.*)?$", line)
        if not head:
            continue
        body = []
        for below in lines[number + 1 :]:
            if below.strip() and len(below) - len(below.lstrip()) <= len(head[1]):
                break
            body.append(below)
        try:
            yield head[2], ast.parse(textwrap.dedent("\n".join(body))).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # a part of a page, and no branch that says anything


def _order(node: ast.stmt) -> StatedOrder | None:
    if not (
        isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "args" and isinstance(node.value, ast.List)
    ):
        return None
    if not node.value.elts:
        return None
    *before, rest = node.value.elts
    if not isinstance(rest, ast.Starred) or any(isinstance(one, ast.Starred) for one in before):
        return None
    skipped = re.fullmatch(r"args(?:\[(\d+):\])?", ast.unparse(rest.value))
    return StatedOrder(tuple(map(ast.unparse, before)), int(skipped[1] or 0)) if skipped else None


def _values(written: str) -> tuple[object, ...] | None:
    try:
        return tuple(ast.literal_eval(written))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
