"""Where lines go in an upstream's file, found in its syntax tree: no line numbers, no text that must stay as it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from yolopatch.core.syntax import parse
from yolopatch.core.text import split_lines
from yolopatch.errors import PatchError

_T = TypeVar("_T")


@dataclass(frozen=True)
class Anchor:
    """A place: before the line with index `at` (0-based), with this margin."""

    at: int
    margin: str


class AnchorNotFound(PatchError):
    """A file has no place for a line, or several.

    Args:
        contract: what our lines rely on, in a few words.
        where: the file, and the function where there is one.
        expected: what was looked for.
        found: what is there.
    """

    def __init__(self, contract: str, where: str, expected: str, found: str) -> None:
        super().__init__(
            f"{where} has no place for what yolopatch adds: {contract}",
            details=[f"expected: {expected}", f"found:    {found}"],
            hint="this release needs a change of yolopatch: report it with these lines",
        )
        self.contract, self.where, self.expected, self.found = contract, where, expected, found


@dataclass(frozen=True)
class Chain:
    """The chain of tests on `m` in parse_model: the branch for convolutions and blocks, and where ours follows it."""

    function: ast.FunctionDef
    loop: ast.For
    first: ast.If
    anchor: Anchor


@lru_cache(maxsize=8)
def _nodes(path: str, text: str) -> tuple[ast.AST, ...]:
    """Return every node of a file's syntax tree; most of the time goes into walking it."""
    try:
        return tuple(ast.walk(parse(text)))
    except SyntaxError as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: SyntaxError) -> AnchorNotFound:
    """Return the error of a file that this interpreter cannot parse: newer syntax than its own, or no Python."""
    found = f"line {error.lineno}: {error.msg}"
    return AnchorNotFound("the code of the file", path, "Python that this interpreter reads", found)


@lru_cache(maxsize=32)
def below_import(path: str, text: str, module: str, name: str | None = None) -> Anchor:
    """Return the place below the file's only `from MODULE import ...` (of this name, where one is given).

    Raises:
        AnchorNotFound: there is none, or several.
    """
    nodes = [node for node in _nodes(path, text) if isinstance(node, ast.ImportFrom)]
    fits = [node for node in nodes if node.module == module and not node.level]
    if name is not None:
        fits = [node for node in fits if name in [alias.name for alias in node.names]]
    node = _only(fits, f"below `from {module} import {name or '...'}`", path)
    return Anchor(node.end_lineno or node.lineno, _margin(text, node))


@lru_cache(maxsize=32)
def first_in_fuse(path: str, text: str) -> Anchor:
    """Return the place before all that fuse() does with each module; errors as `fuse_loop` has them."""
    loop = fuse_loop(path, text)
    return Anchor(loop.iter.end_lineno or loop.lineno, _margin(text, loop.body[0]))


def fuse_loop(path: str, text: str) -> ast.For:
    """Return the loop in which fuse() looks at each module.

    Raises:
        AnchorNotFound: there is no such loop, or several.
    """
    nodes = [node for fuse in _functions(path, text, "fuse") for node in ast.walk(fuse)]
    loops = [node for node in nodes if isinstance(node, ast.For) and _goes_over_modules(node)]
    return _only(loops, "the loop `for m in ....modules()` of fuse()", path)


@lru_cache(maxsize=32)
def chain_of(path: str, text: str) -> Chain:
    """Return the chain of tests on `m` in parse_model.

    Raises:
        AnchorNotFound: there is no parse_model, or no such chain in it.
    """
    function = _only(list(_functions(path, text, "parse_model")), "the function parse_model", path)
    where = f"{path}, parse_model"
    loops = [node for node in function.body if isinstance(node, ast.For)]
    chains = [(loop, node) for loop in loops for node in loop.body if isinstance(node, ast.If) and _tests_m(node)]
    loop, first = _only(chains, "the chain `if m in ...: ... elif m ...:` in its loop over layers", where)
    following = first.orelse[0] if len(first.orelse) == 1 else None
    if not isinstance(following, ast.If):
        raise AnchorNotFound("the chain of tests on m", where, "an `elif` after the first branch", "none")
    return Chain(function, loop, first, Anchor(following.lineno - 1, _margin(text, first)))


def below_entry(path: str, text: str, keys: tuple[str, ...]) -> Anchor:
    """Return the place below an entry of the file's only dict literal with one of these keys; the first that is there.

    Raises:
        AnchorNotFound: no dict has one, or several do; or the entry does not end its line.
    """
    dicts = [node for node in _nodes(path, text) if isinstance(node, ast.Dict)]
    for key in keys:
        pairs = [pair for node in dicts for pair in zip(node.keys, node.values)]
        entries = [(node, value) for node, value in pairs if isinstance(node, ast.Constant) and node.value == key]
        if entries:
            break
    expected = f"the dict of a checkpoint, with the key {' or '.join(map(repr, keys))}"
    node, value = _only(entries, expected, path)
    last = value.end_lineno or value.lineno
    line = split_lines(text)[last - 1].encode()
    rest = line[value.end_col_offset :].decode().strip()
    if not rest.startswith(",") or rest[1:].strip()[:1] not in ("", "#"):
        raise AnchorNotFound(expected, path, "a comma and the line's end after that entry", rest or "no comma")
    return Anchor(last, _margin(text, node))


def _functions(path: str, text: str, name: str) -> Iterator[ast.FunctionDef]:
    return (node for node in _nodes(path, text) if isinstance(node, ast.FunctionDef) and node.name == name)


def _only(found: list[_T], expected: str, where: str) -> _T:
    if len(found) != 1:
        raise AnchorNotFound(expected, where, "one", f"{len(found)}" if found else "none")
    return found[0]


def _goes_over_modules(node: ast.For) -> bool:
    return (
        isinstance(node.target, ast.Name)
        and node.target.id == "m"
        and isinstance(node.iter, ast.Call)
        and isinstance(node.iter.func, ast.Attribute)
        and node.iter.func.attr == "modules"
    )


def _tests_m(node: ast.If) -> bool:
    """Tell whether the test is `m in ...`."""
    test = node.test
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "m"
        and isinstance(test.ops[0], ast.In)
    )


def _margin(text: str, node: ast.stmt | ast.expr) -> str:
    line = split_lines(text)[node.lineno - 1]
    return line[: len(line) - len(line.lstrip())]
