"""The names that both versions of a file have, and that come from elsewhere in the fork."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from yolopatch.core.fork.changes import CHANGED, Part
from yolopatch.core.fork.difference.code.meanings import told
from yolopatch.core.fork.difference.python.trees import Trees
from yolopatch.core.fork.names.definitions import STAR, Definition
from yolopatch.core.fork.names.tree_code import Meaning


def other_sources(trees: Trees, path: str) -> Iterator[Part]:
    """Yield a part for each name of a file that means another thing in the fork."""
    users = _common_names(trees, path)
    for name, before, after in trees.meanings.changed(path, set(users)):
        areas, used = trees.areas_of(path, users[name]), trees.reaches(path, users[name])
        if not users[name] and isinstance(after, Definition):  # it is only handed on, as an __init__.py does
            areas = trees.influence.of(after.path, after.name)
            used = trees.liveness.reaches(after.path, after.name)
        yield Part(name, _line_of_binding(trees, path, name), CHANGED, areas, _said(name, before, after), used)


def _said(name: str, before: Meaning | None, after: Meaning | None) -> str:
    """Return where a name comes from, and where not: where only one of both is known, Python may have it itself."""
    is_pythons = hasattr(builtins, name.partition(".")[0])
    if before is not None and after is not None:
        return f"comes from {told(after)}, not from {told(before)}"
    if after is not None:
        if is_pythons:
            return f"comes from {told(after)}; in the release it is Python's own"
        return f"comes from {told(after)}; the release neither defines nor imports it"
    if before is not None and is_pythons:
        return f"is Python's own, not from {told(before)}"
    return "is used, but no longer defined or imported"


def _common_names(trees: Trees, path: str) -> dict[str, list[str]]:
    """Return the names that both versions of a file use or import, with the units that use them."""
    files = trees.base.file(path), trees.fork.file(path)
    if files[0] is None or files[1] is None:
        return {}
    renamed = trees.renames.names
    imported = [{one.name for one in file.bindings if one.module is not None} for file in files if file]
    names: dict[str, list[str]] = {name: [] for name in imported[0] & imported[1] - {STAR}}
    old, new = trees.base_influence.uses, trees.influence.uses
    for name in new.units(path):
        if name in old.units(path):
            before = {renamed.get(one, one) for one in old.names(path, name)}
            for one in before & new.names(path, name):
                names.setdefault(one, []).append(name)
    return names


def _line_of_binding(trees: Trees, path: str, name: str) -> int:
    file = trees.fork.file(path)
    if file is None:
        return 1
    first = name.split(".")[0]
    lines = [one.node.lineno for one in file.bindings if one.name == first]
    imports = [node for node in ast.walk(file.tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    inner = [node.lineno for node in imports if first in [alias.asname or alias.name for alias in node.names]]
    source = trees.fork.source(path, first)
    return next(iter([*reversed(lines), *inner, *([source.node.lineno] if source else ())]), 1)
