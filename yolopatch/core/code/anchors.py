"""Positions for new lines in an upstream's file, found in its syntax tree: not by line number, not by exact text."""

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
    """A position in a file: before the line with index `at` (from 0), with this indentation."""

    at: int
    margin: str


class AnchorNotFound(PatchError):
    """The position of a new line was not found in a file, or found several times.

    Args:
        contract: what the new line relies on, in a few words.
        where: the file, and the function if it is inside one.
        expected: what was searched.
        found: what was found.
    """

    def __init__(self, contract: str, where: str, expected: str, found: str) -> None:
        super().__init__(
            f"{where}: no position for the lines of yolopatch: {contract}",
            details=[f"expected: {expected}", f"found:    {found}"],
            hint="this release needs a new version of yolopatch: report these lines as an issue",
        )
        self.contract, self.where, self.expected, self.found = contract, where, expected, found


@dataclass(frozen=True)
class Chain:
    """The if-elif chain on `m` in parse_model: its first branch is for convolutions and blocks; ours goes after it."""

    function: ast.FunctionDef
    loop: ast.For
    first: ast.If
    anchor: Anchor


@lru_cache(maxsize=8)
def _nodes(path: str, text: str) -> tuple[ast.AST, ...]:
    """Return every node of a file's syntax tree; cached, because the walk takes most of the time."""
    try:
        return tuple(ast.walk(parse(text)))
    except SyntaxError as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: SyntaxError) -> AnchorNotFound:
    """Return the error for a file that this interpreter cannot parse: newer syntax, or not Python."""
    found = f"line {error.lineno}: {error.msg}" if error.lineno else error.msg
    return AnchorNotFound("the code of the file", path, "Python that this interpreter reads", found)


@lru_cache(maxsize=32)
def below_import(path: str, text: str, module: str, name: str | None = None) -> Anchor:
    """Return the position after the only `from MODULE import ...` of a file; with `name`, the import of this name.

    Raises:
        AnchorNotFound: the file has no such import, or several.
    """
    nodes = [node for node in _nodes(path, text) if isinstance(node, ast.ImportFrom)]
    fits = [node for node in nodes if node.module == module and not node.level]
    if name is not None:
        fits = [node for node in fits if name in [alias.name for alias in node.names]]
    node = only(fits, f"below `from {module} import {name or '...'}`", path)
    return Anchor(node.end_lineno or node.lineno, margin_of(text, node))


@lru_cache(maxsize=32)
def below_class(path: str, text: str, name: str) -> Anchor:
    """Return the position after the only class of this name at the top level of a file.

    Raises:
        AnchorNotFound: the file has no such class, or several.
    """
    nodes = [node for node in parse(text).body if isinstance(node, ast.ClassDef) and node.name == name]
    node = only(nodes, f"below `class {name}`", path)
    return Anchor(node.end_lineno or node.lineno, "")


@lru_cache(maxsize=32)
def first_in_fuse(path: str, text: str) -> Anchor:
    """Return the position at the start of the loop in fuse(); raises as `fuse_loop`."""
    loop = fuse_loop(path, text)
    return Anchor(loop.iter.end_lineno or loop.lineno, margin_of(text, loop.body[0]))


def fuse_loop(path: str, text: str) -> ast.For:
    """Return the loop over modules in fuse().

    Raises:
        AnchorNotFound: the file has no such loop, or several.
    """
    nodes = [node for fuse in _functions(path, text, "fuse") for node in ast.walk(fuse)]
    loops = [node for node in nodes if isinstance(node, ast.For) and _goes_over_modules(node)]
    return only(loops, "the loop `for m in ....modules()` of fuse()", path)


@lru_cache(maxsize=32)
def chain_of(path: str, text: str) -> Chain:
    """Return the if-elif chain on `m` in parse_model.

    Raises:
        AnchorNotFound: the file has no parse_model, or parse_model has no such chain.
    """
    function = only(list(_functions(path, text, "parse_model")), "the function parse_model", path)
    where = f"{path}, parse_model"
    loops = [node for node in function.body if isinstance(node, ast.For)]
    chains = [(loop, node) for loop in loops for node in loop.body if isinstance(node, ast.If) and _tests_m(node)]
    loop, first = only(chains, "the chain `if m in ...: ... elif m ...:` in its loop over layers", where)
    following = first.orelse[0] if len(first.orelse) == 1 else None
    if not isinstance(following, ast.If):
        raise AnchorNotFound("the chain of tests on m", where, "an `elif` after the first branch", "none")
    return Chain(function, loop, first, Anchor(following.lineno - 1, margin_of(text, first)))


def at_entry(path: str, text: str, keys: tuple[str, ...]) -> Anchor:
    """Return a position at an entry of the only dict literal with one of these keys; of several keys, the first.

    It is the position after the entry, or before it where no comma ends its line: `"version": __version__}`.

    Raises:
        AnchorNotFound: no dict or several dicts have a key, or the entry has no line of its own.
    """
    dicts = [node for node in _nodes(path, text) if isinstance(node, ast.Dict)]
    for key in keys:
        pairs = [pair for node in dicts for pair in zip(node.keys, node.values)]
        entries = [(node, value) for node, value in pairs if isinstance(node, ast.Constant) and node.value == key]
        if entries:
            break
    expected = f"the dict of a checkpoint, with the key {' or '.join(map(repr, keys))}"
    node, value = only(entries, expected, path)
    lines, last = split_lines(text), value.end_lineno or value.lineno
    before = lines[node.lineno - 1].encode()[: node.col_offset].decode()
    rest = lines[last - 1].encode()[value.end_col_offset :].decode().strip()
    if rest.startswith(",") and rest[1:].strip()[:1] in ("", "#"):
        return Anchor(last, margin_of(text, node))
    if not before.strip():
        return Anchor(node.lineno - 1, before)
    raise AnchorNotFound(expected, path, "a comma and the line's end after that entry", rest or "no comma")


def _functions(path: str, text: str, name: str) -> Iterator[ast.FunctionDef]:
    return (node for node in _nodes(path, text) if isinstance(node, ast.FunctionDef) and node.name == name)


def only(found: list[_T], expected: str, where: str) -> _T:
    """Return the only one that was found; `expected` says what was searched.

    Raises:
        AnchorNotFound: none was found, or several.
    """
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


def margin_of(text: str, node: ast.stmt | ast.expr) -> str:
    """Return the spaces before a node's first line."""
    line = split_lines(text)[node.lineno - 1]
    return line[: len(line) - len(line.lstrip())]
