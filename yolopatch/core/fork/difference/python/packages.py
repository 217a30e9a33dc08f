"""The packages that a fork's file needs and that no file of its release does."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from yolopatch.core.fork.changes import ADDED, Part
from yolopatch.core.fork.difference.code.units import code_of
from yolopatch.core.fork.difference.python.trees import Trees


def needed_packages(trees: Trees, path: str) -> Iterator[Part]:
    """Yield a part for each package that a fork's file imports, and that the release does not use anywhere."""
    file = trees.fork.file(path)
    needed: dict[str, int] = {}
    for node in ast.walk(file.tree) if file else ():
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name in _packages(node):
                needed.setdefault(name, node.lineno)
    for name, line in needed.items():
        if not _is_known(trees, path, name):
            users = _users(trees, path, name)
            what = f"needs the package `{name}`, which the release does not use"
            yield Part(f"import {name}", line, ADDED, trees.areas_of(path, users), what, trees.reaches(path, users))


def _packages(node: ast.AST) -> list[str]:
    """Return the packages that an import names, without those of its own package."""
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module.split(".")[0]]
    return []


def _users(trees: Trees, path: str, package: str) -> list[str]:
    """Return the units of a file that use a package."""
    file = trees.fork.file(path)
    names = {one.name for one in (file.bindings if file else ()) if (one.module or "").split(".")[0] == package}
    uses = trees.influence.uses
    return [
        unit.name
        for unit in uses.units(path).values()
        if any(name.split(".")[0] in names for name in uses.names(path, unit.name))
        or any(package in _packages(part) for node in code_of(unit) for part in ast.walk(node))
    ]


def _is_known(trees: Trees, path: str, package: str) -> bool:
    """Tell whether a package is Python's, of the trees themselves, or one that the release uses, too."""
    if package in sys.stdlib_module_names or trees.fork.has_module(path, package):
        return True
    imports = re.compile(rf"^\s*(?:from|import)\s+{re.escape(package)}\b", re.MULTILINE)
    return any(imports.search(trees.base.texts[path]) for path in trees.base.mentioning(package))
