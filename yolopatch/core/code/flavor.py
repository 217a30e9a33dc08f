"""Extract one flavor from a module's source file.

A source file in `yolopatch/modules/` defines a class that differs between flavors twice, as `PaperX` and
`TutorialX`, and everything else once. The extract keeps what the public classes of the flavor use,
and removes the prefix and everything else.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yolopatch.core.closure import closure
from yolopatch.core.syntax import used_names

PREFIXES = {"paper": "Paper", "tutorial": "Tutorial"}


@dataclass(frozen=True)
class Cut:
    """One flavor of a module: its docstring, its imports one per line, and its definitions."""

    docstring: str
    imports: tuple[str, ...]
    body: str


def cut(source: str, classes: Sequence[str], flavor: str) -> Cut:
    """Return the code of one flavor.

    Args:
        source: the text of the module's source file.
        classes: the names of the public classes, without prefix.
        flavor: `paper` or `tutorial`.

    Raises:
        ValueError: the source does not have a class, or the flavor uses a name of another flavor.
    """
    tree = ast.parse(source)
    prefix = PREFIXES[flavor]
    definitions = {name: node for node in tree.body for name in _defined(node)}
    roots = [_root(name, prefix, definitions) for name in classes]
    kept = _reachable(roots, definitions)
    foreign = sorted(name for name in kept if _is_foreign(name, prefix))
    if foreign:
        raise ValueError(f"flavor {flavor} reaches {', '.join(foreign)} of another flavor")
    body = _body(source, tree, {id(definitions[name]) for name in kept})
    return Cut(
        docstring=ast.get_docstring(tree) or "",
        imports=tuple(_imports(tree, used_names(*(definitions[name] for name in kept)))),
        body=_unprefix(body, {name for name in definitions if name.startswith(prefix)}, prefix),
    )


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def _root(name: str, prefix: str, definitions: dict[str, ast.stmt]) -> str:
    for candidate in (prefix + name, name):
        if candidate in definitions:
            return candidate
    raise ValueError(f"the single source defines neither {prefix}{name} nor {name}")


def _reachable(roots: list[str], definitions: dict[str, ast.stmt]) -> set[str]:
    needed = closure(roots, lambda name: used_names(definitions[name]) if name in definitions else ())
    return needed & definitions.keys()


def _is_foreign(name: str, prefix: str) -> bool:
    return any(name.startswith(other) for other in PREFIXES.values() if other != prefix)


def _imports(tree: ast.Module, used: set[str]) -> Iterable[str]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            bound = (node.names[0].asname or node.names[0].name).partition(".")[0]
            if bound in used:
                yield ast.unparse(node)


def _body(source: str, tree: ast.Module, kept: set[int]) -> str:
    lines = source.splitlines(keepends=True)
    chunks = []
    previous_end = 0
    for node in tree.body:
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        while start > previous_end and lines[start - 1].startswith("#"):
            start -= 1  # a comment directly above a definition belongs to it
        if id(node) in kept:
            chunks.append((isinstance(node, ast.Assign), "".join(lines[start : node.end_lineno])))
        previous_end = node.end_lineno or node.lineno
    return _spaced(chunks)


def _spaced(chunks: list[tuple[bool, str]]) -> str:
    text = ""
    for number, (is_constant, chunk) in enumerate(chunks):
        follows_constant = number > 0 and is_constant and chunks[number - 1][0]
        text += ("" if number == 0 else "" if follows_constant else "\n\n") + chunk
    return text


def _unprefix(text: str, names: set[str], prefix: str) -> str:
    lines = text.splitlines(keepends=True)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = [token.start for token in tokens if token.type == tokenize.NAME and token.string in names]
    for row, column in reversed(found):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + line[column + len(prefix) :]
    return "".join(lines)
