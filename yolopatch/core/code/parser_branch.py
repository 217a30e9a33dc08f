"""What a release's parse_model does with a class: its first branch, with every test on `m` evaluated for the class."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from yolopatch.core.code.anchors import Chain, chain_of
from yolopatch.core.syntax import used_names
from yolopatch.core.text import split_lines

_Named = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Dialect:
    """Code that differs between releases, as this release has it; our branch repeats it.

    Attributes:
        guard: the condition for scaling the output channels; "" if they are always scaled.
        legacy: whether the block sets `legacy = False`, which turns off the head of YOLOv8.
        large: the test for the scales that use C3k blocks.
        c3k: the statement that turns C3k on.
    """

    guard: str = "c2 != nc"
    legacy: bool = False
    large: str = 'scale in "mlx"'
    c3k: str = "args[3] = True"


@lru_cache(maxsize=32)
def read_dialect(path: str, text: str, block: str) -> Dialect:
    """Return the dialect of a release for the family's block; `path` and `text` are those of the parser.

    Code in an unknown form leaves the default; `port` then reports the difference as a conflict.
    """
    done = treatment(chain_of(path, text), block)
    tests = [node for node in done if isinstance(node, ast.If)]
    large = next((node for node in tests if used_names(node.test) == {"scale"} and len(node.body) == 1), None)
    return Dialect(
        guard="" if any(_assigns_c2(node) for node in done) else Dialect.guard,
        legacy="legacy = False" in map(ast.unparse, done),
        large=_segment(text, large.test) if large else Dialect.large,
        c3k=_segment(text, large.body[0]) if large else Dialect.c3k,
    )


def takes(chain: Chain, name: str) -> bool:
    """Tell whether the first branch of the chain is for this class."""
    return _resolved(chain.first.test, name, named_sets(chain.function)) is True


def treatment(chain: Chain, name: str) -> list[ast.stmt]:
    """Return the statements of the first branch for this class, with the tests on `m` evaluated."""
    return specialised(chain.first.body, name, named_sets(chain.function))


def branch_of(chain: Chain, name: str) -> list[ast.stmt] | None:
    """Return the statements of the branch for this class, with the tests on `m` evaluated; None if no branch is."""
    named = named_sets(chain.function)
    node: ast.stmt | None = chain.first
    while isinstance(node, ast.If):
        if _resolved(node.test, name, named) is True:
            return specialised(node.body, name, named)
        node = node.orelse[0] if len(node.orelse) == 1 else None
    return None


def named_sets(function: ast.FunctionDef) -> dict[str, frozenset[str]]:
    """Return the named sets of classes in a function."""
    return sets_in(function.body, {})


def sets_in(body: Sequence[ast.stmt], known: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return the named sets of classes in code; `known` has those that the code can use."""
    found = dict(known)
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            members = _members(node.value, found)
            if members is not None:
                found[node.targets[0].id] = members
    return found


def specialised(body: Sequence[ast.stmt], name: str, named: Mapping[str, frozenset[str]]) -> list[ast.stmt]:
    """Return what remains of these statements if `m` is the class `name`; `named` has the named sets of classes."""
    done: list[ast.stmt] = []
    for node in body:
        if not isinstance(node, ast.If):
            done.append(node)
            continue
        test = _resolved(node.test, name, named)
        if isinstance(test, bool):
            done += specialised(node.body if test else node.orelse, name, named)
        else:
            inner = (specialised(part, name, named) for part in (node.body, node.orelse))
            done.append(ast.copy_location(ast.If(test, *inner), node))
    return done


def _resolved(test: ast.expr, name: str, named: _Named) -> bool | ast.expr:
    """Return the value of a test for this class, or the rest of the test that does not depend on `m`."""
    if isinstance(test, ast.BoolOp):
        return _resolved_all(test, name, named)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _resolved(test.operand, name, named)
        return not inner if isinstance(inner, bool) else test
    if isinstance(test, ast.Call) and ast.unparse(test) == "isinstance(m, str)":
        return False  # the row names a class, which was found
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
        return test
    if ast.unparse(test.left) == "m.__name__":
        return _resolved_name(test, name)
    if ast.unparse(test.left) != "m":
        return test
    operator, right = test.ops[0], test.comparators[0]
    if isinstance(operator, ast.Is | ast.IsNot):
        return (ast.unparse(right) == name) is isinstance(operator, ast.Is)
    members = _members(right, named)
    if isinstance(operator, ast.In | ast.NotIn) and members is not None:
        return (name in members) is isinstance(operator, ast.In)
    return test


def _resolved_name(test: ast.Compare, name: str) -> bool | ast.expr:
    """Return the value of a test of the class's own name against constants."""
    operator, right = test.ops[0], test.comparators[0]
    values = right.elts if isinstance(right, ast.Set | ast.Tuple | ast.List) else [right]
    names = [part.value for part in values if isinstance(part, ast.Constant)]
    if len(names) != len(values):
        return test
    if isinstance(operator, ast.Eq | ast.NotEq) and len(names) == 1:
        return (names[0] == name) is isinstance(operator, ast.Eq)
    if isinstance(operator, ast.In | ast.NotIn) and values is not None and right is not values[0]:
        return (name in names) is isinstance(operator, ast.In)
    return test


def _resolved_all(test: ast.BoolOp, name: str, named: _Named) -> bool | ast.expr:
    decides = isinstance(test.op, ast.Or)  # True decides an `or`, False an `and`
    parts = [_resolved(value, name, named) for value in test.values]
    if any(part is decides for part in parts):
        return decides
    left = [part for part in parts if not isinstance(part, bool)]
    if len(left) < 2:
        return left[0] if left else not decides
    return ast.copy_location(ast.BoolOp(test.op, left), test)


def _members(node: ast.expr, named: _Named) -> frozenset[str] | None:
    if isinstance(node, ast.Name):
        return named.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.BitOr):
        left, right = _members(node.left, named), _members(node.right, named)
        return None if left is None or right is None else left | right
    if isinstance(node, ast.Call) and len(node.args) == 1 and ast.unparse(node.func) in ("frozenset", "set", "tuple"):
        return _members(node.args[0], named)
    return frozenset(map(ast.unparse, node.elts)) if isinstance(node, ast.Set | ast.Tuple | ast.List) else None


def _assigns_c2(node: ast.stmt) -> bool:
    """Tell whether this is `c2 = ...`. Outside an if, it means that the channels are always scaled."""
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "c2"


def _segment(text: str, node: ast.stmt | ast.expr) -> str:
    """Return the code as written if it is on one line, else in standard form."""
    if node.end_lineno != node.lineno:
        return ast.unparse(node)
    return split_lines(text)[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode()
