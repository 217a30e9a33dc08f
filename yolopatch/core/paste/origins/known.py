"""Tell a package from a file of the post's own repository, by what the pins have and by how the import is written."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath

from yolopatch.catalog.interfaces import interface, own_pins, python_files
from yolopatch.catalog.pins import PINS, Layout

WITH_TORCH = frozenset({"torch", "torchvision", "numpy"}) | sys.stdlib_module_names

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@lru_cache(maxsize=1)
def upstream_roots() -> frozenset[str]:
    """Return the first parts of the names of upstream's Python modules, in every pin: its packages, its folders."""
    packages = {PINS[pin].layout.package for pin in own_pins()} - {""}
    folders = {path.partition("/")[0] for pin in own_pins() for path in python_files(pin) if "/" in path}
    return frozenset(packages | folders)


@lru_cache(maxsize=1)
def upstream_neighbours() -> frozenset[str]:
    """Return the names of upstream's files with modules, as in imports from a file next to them."""
    found = set()
    for pin in own_pins():
        folder = PurePosixPath(PINS[pin].layout.common).parent
        files = map(PurePosixPath, python_files(pin))
        found |= {folder.name, *(file.stem for file in files if file.parent == folder)}
    return frozenset(found)


@lru_cache(maxsize=1)
def upstream_classes() -> frozenset[str]:
    """Return the names of upstream's classes, of which a pasted class may inherit; most are layers."""
    return frozenset(name for pin in own_pins() for name in interface(pin).signatures if name != name.casefold())


@lru_cache(maxsize=1)
def _libraries() -> frozenset[str]:
    return frozenset(name for pin in own_pins() for name in interface(pin).packages) - upstream_roots()


@lru_cache(maxsize=1)
def _words() -> frozenset[str]:
    """Return the words of which the pins make the names of their folders, files and classes, without a plural s."""
    files = [
        part for pin in own_pins() for path in python_files(pin) for part in PurePosixPath(path).with_suffix("").parts
    ]
    classes = [name for pin in own_pins() for name in interface(pin).defined_in]
    return frozenset(word for name in (*files, *classes) for word in _words_of(name))


@lru_cache(maxsize=1)
def _layer_words() -> frozenset[str]:
    """Return the words of upstream's files with modules, and of the classes and functions in them."""
    names = [name for pin in own_pins() for name in interface(pin).defined_in]
    return frozenset(word for name in (*upstream_neighbours(), *names) for word in _words_of(name))


@lru_cache(maxsize=1)
def _folders() -> frozenset[str]:
    folders = [part for pin in own_pins() for path in python_files(pin) for part in PurePosixPath(path).parts[:-1]]
    return frozenset(word for name in folders for word in _words_of(name))


def _words_of(name: str) -> list[str]:
    return [word.casefold().rstrip("s") for word in _WORD.findall(name)]


def is_upstreams(node: ast.Import | ast.ImportFrom) -> bool:
    """Tell whether this imports something from a YOLO upstream, or from a file in a copy of one."""
    if isinstance(node, ast.ImportFrom) and node.level:
        return True
    return bool({root_of(name) for name in modules_in(node)} & (upstream_roots() | upstream_neighbours()))


def is_inside(node: ast.Import | ast.ImportFrom, packages: frozenset[str] = frozenset()) -> bool:
    """Tell whether this imports from an upstream, or from another file of the post's own repository.

    A package has a name of its own, in lower case. A file of a repository is named like those of the pins (`model`,
    `layers`), or like the class in it, or with capitals.

    Args:
        node: the import.
        packages: the packages that the user says are installed.
    """
    if {root_of(name) for name in modules_in(node)} & packages:
        return False
    return is_upstreams(node) or any(_looks_own(name, node) for name in modules_in(node))


def may_be_inside(node: ast.Import | ast.ImportFrom, packages: frozenset[str] = frozenset()) -> bool:
    """Tell whether an import can be one of the post's own files, by all that is known of packages."""
    roots = {root_of(name) for name in modules_in(node)}
    return is_inside(node, packages) or not roots & (packages | WITH_TORCH | _libraries())


def _looks_own(module: str, node: ast.Import | ast.ImportFrom) -> bool:
    root, *inner = module.split(".")
    if root in WITH_TORCH or root in _libraries():
        return False
    words = _words_of(root)
    # `import triton`, or `triton.language`: a package, though a pin has a utils/triton.py; a file of a repository is
    # rarely imported as a whole, and is no folder
    as_package = bool(inner) or isinstance(node, ast.Import)
    like_the_pins = bool(words) and (
        words[-1] in _folders() or all(word in (_layer_words() if as_package else _words()) for word in words)
    )
    capitals = any(part != part.lower() for part in (root, *inner))
    return like_the_pins or capitals or (bool(inner) and _is_named_like_its_class(inner[-1], node))


def _is_named_like_its_class(last: str, node: ast.Import | ast.ImportFrom) -> bool:
    last = last.replace("_", "").casefold()
    names = [alias.name for alias in node.names if alias.name != alias.name.lower()]
    return isinstance(node, ast.ImportFrom) and last in [name.replace("_", "").casefold() for name in names]


def is_file_of_pins(node: ast.Import | ast.ImportFrom) -> bool:
    """Tell whether a pin has a file that an import names, so that the file is upstream's and not the post's."""
    return any(path in python_files(pin) for pin in own_pins() for path in paths_in(PINS[pin].layout, node))


def is_file_of_post(node: ast.Import | ast.ImportFrom) -> bool:
    """Tell whether an import names a file of the post's own repository: no pin has a file that is called like it.

    Posts keep upstream's files in other folders, too: `from .modules.conv import Conv`.
    """
    last = modules_in(node)[0].rpartition(".")[2]
    is_near = isinstance(node, ast.Import) or not last or last in upstream_neighbours() | upstream_roots()
    return not is_near and not is_file_of_pins(node)


def has_in_pins(node: ast.Import | ast.ImportFrom, name: str) -> bool:
    """Tell whether a pin may have what an import takes from one of its files.

    The names of the files with modules are known; of another file of upstream it is taken for granted.
    """
    for pin in own_pins():
        folder = PurePosixPath(PINS[pin].layout.common).parent
        files = [PurePosixPath(path) for path in paths_in(PINS[pin].layout, node) if path in python_files(pin)]
        if any(file.parent != folder for file in files) or (files and name in interface(pin).defined_in):
            return True
    return False


def paths_in(layout: Layout, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield the paths that the modules of an import may have in an upstream.

    A relative import, and one of a file next to it, are looked for from the folder with upstream's modules.
    """
    folder = PurePosixPath(layout.common).parent
    for module in modules_in(node):
        parts = module.split(".") if module else []
        if isinstance(node, ast.ImportFrom) and node.level:
            above = folder.parts[: max(len(folder.parts) - node.level + 1, 0)]
            bases = [PurePosixPath(*above, *parts)] if parts else []
        else:
            plain = parts[1:] if parts[:1] == ["yolov5"] else parts
            package = [layout.package] if layout.package and plain[:1] != [layout.package] else []
            bases = [PurePosixPath(*package, *plain), folder.joinpath(*plain)]
        yield from (f"{base}{end}" for base in bases for end in (".py", "/__init__.py"))


def modules_in(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the modules that an import names."""
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]


def root_of(module: str) -> str:
    """Return the first part of a module's name."""
    return module.partition(".")[0]


def file_of(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """Return the name of the file that an import of the post's own repository reads: `Parts.py`."""
    module = (node.module or alias.name) if isinstance(node, ast.ImportFrom) else alias.name
    return f"{module.rpartition('.')[2]}.py"
