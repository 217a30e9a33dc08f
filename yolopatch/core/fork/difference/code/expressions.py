"""How two expressions differ: the smallest parts that do, and both as text of a length that one can read."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yolopatch.core.fork.folding import canonical

_SHORT = 90  # characters of code in a sentence
_VALUE = 60  # of one value in it


@dataclass(frozen=True)
class Leaf:
    """A part of an expression that is another one.

    Attributes:
        name: of the argument or key whose value it is; "" if it has none.
        old, new: None where one side does not have it.
        calls: the calls that it stands in, from the outermost, with the argument's name or position in each.
    """

    name: str
    old: ast.AST | None
    new: ast.AST | None
    calls: tuple[tuple[ast.Call, str | int], ...] = ()

    @property
    def line(self) -> int:
        """In the fork's file; 0 if it is not there."""
        return int(getattr(self.new, "lineno", 0))

    @property
    def node(self) -> ast.AST:
        """What the fork has there; what the release had, if it has nothing there."""
        node = self.new if self.new is not None else self.old
        assert node is not None
        return node


def leaves(old: ast.AST, new: ast.AST) -> list[Leaf]:
    """Return the smallest parts by which two pieces of code differ; none if they do the same."""
    return list(_leaves(Leaf("", old, new)))


def code(node: ast.AST, most: int = _SHORT) -> str:
    """Return a piece of code in one line, shortened at its end; a definition by its first line."""
    if isinstance(node, ast.arg):
        return node.arg
    text = " ".join(ast.unparse(node).split("\n")[0].split()) if isinstance(node, ast.stmt) else _flat(node)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def value(node: ast.AST) -> str:
    """Return a value in one line."""
    return code(node, _VALUE)


def _flat(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _leaves(leaf: Leaf) -> Iterator[Leaf]:
    old, new = leaf.old, leaf.new
    if old is None or new is None:
        yield leaf
    elif canonical(old) == canonical(new):
        return
    elif isinstance(old, ast.Call) and isinstance(new, ast.Call) and canonical(old.func) == canonical(new.func):
        yield from _of_call(leaf, old, new)
    elif isinstance(old, ast.Dict) and isinstance(new, ast.Dict) and _keys(old) and _keys(new):
        yield from _of_dict(leaf, old, new)
    elif type(old) is not type(new) or isinstance(old, (ast.Set, ast.List, ast.Tuple, ast.Constant, ast.Name)):
        yield from _of_items(leaf, old, new)
    else:
        yield from _of_fields(leaf, old, new)


def _of_call(leaf: Leaf, old: ast.Call, new: ast.Call) -> Iterator[Leaf]:
    if len(old.args) != len(new.args):
        yield leaf
        return
    for n, (a, b) in enumerate(zip(old.args, new.args)):
        yield from _leaves(Leaf(leaf.name, a, b, (*leaf.calls, (new, n))))
    before = {one.arg: one.value for one in old.keywords}
    after = {one.arg: one.value for one in new.keywords}
    for name in dict.fromkeys([*after, *before]):
        yield from _leaves(Leaf(name or "**", before.get(name), after.get(name), (*leaf.calls, (new, name or "**"))))


def _of_dict(leaf: Leaf, old: ast.Dict, new: ast.Dict) -> Iterator[Leaf]:
    before, after = _keys(old), _keys(new)
    for name in dict.fromkeys([*after, *before]):
        yield from _leaves(Leaf(name, before.get(name), after.get(name), leaf.calls))


def _keys(node: ast.Dict) -> dict[str, ast.AST]:
    """Return the values of a dict by the text of their keys; empty if one key is not plain."""
    found: dict[str, ast.AST] = {}
    for key, item in zip(node.keys, node.values):
        if not isinstance(key, (ast.Constant, ast.Name, ast.Attribute)):
            return {}
        found[str(key.value) if isinstance(key, ast.Constant) else ast.unparse(key)] = item
    return found


def _of_items(leaf: Leaf, old: ast.AST, new: ast.AST) -> Iterator[Leaf]:
    """Compare lists of the same length value by value; everything else is one part."""
    lists = isinstance(old, (ast.List, ast.Tuple)) and isinstance(new, (ast.List, ast.Tuple))
    before, after = (getattr(one, "elts", []) if lists else [] for one in (old, new))
    if len(before) == len(after) and sum(canonical(a) != canonical(b) for a, b in zip(before, after)) == 1:
        for a, b in zip(before, after):
            yield from _leaves(Leaf(leaf.name, a, b, leaf.calls))
    else:
        yield leaf


def _of_fields(leaf: Leaf, old: ast.AST, new: ast.AST) -> Iterator[Leaf]:
    """Compare the parts of two nodes of the same sort; if more than what they hold differs, the nodes are the parts."""
    found: list[Leaf] = []
    for name in new._fields:
        a, b = getattr(old, name, None), getattr(new, name, None)
        if isinstance(a, ast.AST) and isinstance(b, ast.AST):
            found += _leaves(Leaf(leaf.name, a, b, leaf.calls))
        elif isinstance(a, list) and isinstance(b, list) and _pairwise(a, b):
            for one, other in zip(a, b):
                found += _leaves(Leaf(leaf.name, one, other, leaf.calls))
        elif not _same(a, b):
            yield leaf
            return
    yield from found


def _pairwise(old: Sequence[object], new: Sequence[object]) -> bool:
    return len(old) == len(new) and all(isinstance(one, ast.AST) for one in (*old, *new))


def _same(old: object, new: object) -> bool:
    if isinstance(old, ast.expr_context):
        return True
    return old == new


def _is_word(node: ast.AST) -> bool:
    """Tell whether this is a name or a text: of numbers the order counts."""
    return isinstance(node, (ast.Name, ast.Attribute, ast.Starred)) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def plain_members(old: ast.AST, new: ast.AST) -> tuple[list[str], list[str]] | None:
    """Return what a set, list or tuple of names got and lost; None if the two are no such thing."""
    if not all(isinstance(one, (ast.Set, ast.List, ast.Tuple)) for one in (old, new)):
        return None
    if not all(_is_word(item) for one in (old, new) for item in getattr(one, "elts")):  # noqa: B009
        return None
    before = [code(one) for one in getattr(old, "elts")]  # noqa: B009
    after = [code(one) for one in getattr(new, "elts")]  # noqa: B009
    added = [one for one in after if one not in before]
    removed = [one for one in before if one not in after]
    return (added, removed) if added or removed else None
