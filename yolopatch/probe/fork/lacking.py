"""What a tree needs and does not find: told from the exception of its code."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from ...wire.fork.models import OUTDATED, OWN_FILE, PACKAGE, Absent
from ..explain.raising import causes, frames_of, line_in
from .absent import Missing

_NO_NAME = re.compile(r"cannot import name '(\w+)' from (partially initialized module )?'([\w.]+)'")
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")


def lack_of(error: BaseException, root: Path) -> Absent | None:
    """Return what code of the tree in a folder does not find, None where it raises for another reason."""
    for one in causes(error):
        found = _not_imported(one, root) if isinstance(one, ImportError) else _not_defined(one, root)
        if found is not None and found.at:
            return found
    return None


def _not_imported(error: ImportError, root: Path) -> Absent | None:
    at = line_in(root, error).partition(" in ")[0]
    if isinstance(error, ModuleNotFoundError) and error.name:
        return told(error.name, f"{at} imports {error.name}", at, root)
    name = _NO_NAME.match(str(error))
    if name is None:
        return None
    circular = "; the two import each other" if name[2] else ""
    found = told(f"{name[3]}:{name[1]}", f"{at} imports {name[1]}", at, root)
    return Absent(found.name, found.reason, found.what + circular, at)


def _not_defined(error: BaseException, root: Path) -> Absent | None:
    """Return a global name that code of the tree uses and that its file neither defines nor imports."""
    frame = _innermost(error, root)
    name = _undefined(error, frame) if frame else ""
    if frame is None or not name:
        return None
    file = Path(frame.f_code.co_filename)
    if name in _tried(file):
        return None  # an import that it tried: `reasons` says which
    homes = [home.relative_to(root).as_posix() for home in definers(name, root)]
    if isinstance(error, KeyError) and not homes:
        return None  # a class that the fork does not have: a stand-in for it would build nothing
    at = line_in(root, error).partition(" in ")[0]
    asked = f"{frame.f_globals['__name__']}:{name}"
    starred = () if homes else lacking_stars(file, root)
    if starred:
        where, module = starred[0]
        lack = told(
            module, f"{at} uses {name}, which no file of the fork defines; {where} imports all of {module}", at, root
        )
        return Absent(asked, lack.reason, lack.what, at)
    where = f"it is defined in {' and '.join(homes)}" if homes else "nor does another file of the fork define it"
    what = f"{at} uses {name}, which its file neither defines nor imports; {where}"
    return Absent(asked, OWN_FILE, what, at)


def _undefined(error: BaseException, frame: FrameType) -> str:
    """Return the global name that code did not find, "" where it found all: parse_model looks up classes by a key."""
    if type(error) is NameError:
        found = _UNDEFINED.match(str(error))
        return found[1] if found else ""
    is_parser = isinstance(error, KeyError) and frame.f_code.co_name == "parse_model"
    asked = frame.f_locals.get("m")
    return asked if is_parser and isinstance(asked, str) and error.args == (asked,) and asked.isidentifier() else ""


def _innermost(error: BaseException, root: Path) -> FrameType | None:
    """Return the frame that raised, None where it is not the tree's."""
    frames = frames_of(error)
    if not frames or not Path(frames[-1].f_code.co_filename).resolve().is_relative_to(root):
        return None
    return frames[-1]


def told(name: str, what: str, at: str, root: Path) -> Absent:
    """Return something that is missing, with the reason.

    Args:
        name: a module, or `module:name`.
        what: the start of the sentence: which line or layer does what with it.
        at: the line.
        root: the folder of the tree, resolved.
    """
    module, _, attribute = name.partition(":")
    top = module.partition(".")[0]
    if is_own(module, root):
        lack = f"{module} has none" if attribute else "the fork does not have it"
        if attribute and _file_of(module, root) is None:  # Python takes a folder for a package, which has no names
            lack = f"the fork does not have {module.replace('.', '/')}/__init__.py"
        return Absent(name, OWN_FILE, f"{what}, and {lack}", at)
    folder = folder_of(module, root)
    if folder is not None:
        inside = folder.relative_to(root).as_posix()
        return Absent(name, OWN_FILE, f"{what}, which is in {inside}: it works only with that folder on the path", at)
    if attribute or ("." in module and is_installed(top)):
        lack = attribute or module.partition(".")[2]
        return Absent(name, OUTDATED, f"{what}, and the {top} that is installed has no {lack}", at)
    return Absent(name, PACKAGE, f"{what}, and {top} is not installed", at)


def is_own(module: str, root: Path) -> bool:
    """Return whether a module is of the tree's own package; of yolov5, whose tree is the package, of its folders."""
    top = module.partition(".")[0]
    return top == "ultralytics" if (root / "ultralytics").is_dir() else top in ("models", "utils", "yolov5")


def is_installed(module: str) -> bool:
    """Return whether a module without dots can be imported, stand-ins aside."""
    found = sys.modules.get(module)
    spec = getattr(found, "__spec__", None) if found else find_spec(module)
    return (found is not None or spec is not None) and not isinstance(getattr(spec, "loader", None), Missing)


def folder_of(name: str, root: Path) -> Path | None:
    """Return the folder of the tree, below its root, that has a package or module of this name; the highest one."""
    found = [] if "." in name else [*root.rglob(name), *root.rglob(f"{name}.py")]
    folders = {path.parent for path in found if path.parent != root and (path.is_dir() or path.suffix == ".py")}
    return min(folders, key=lambda path: (len(path.parts), str(path)), default=None)


def definers(name: str, root: Path) -> list[Path]:
    """Return the Python files of the tree that define a class or function of this name at their top."""
    return _defined(root).get(name, [])


_DEFINES = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)


@lru_cache
def _defined(root: Path) -> dict[str, list[Path]]:
    """The files that define each name, read once: a kit's parser asks for hundreds of names that are not there."""
    found: dict[str, list[Path]] = {}
    for file in sorted(root.rglob("*.py")):
        for name in dict.fromkeys(_DEFINES.findall(file.read_text(encoding="utf-8", errors="replace"))):
            found.setdefault(name, []).append(file)
    return found


@lru_cache
def lacking_stars(file: Path, root: Path) -> tuple[tuple[str, str], ...]:
    """Return (line, module) of each star import that finds nothing: of a file, and of those that it imports so.

    Args:
        file: of the tree.
        root: the folder of the tree, resolved.
    """
    return tuple(_lacking_stars(file, root))


def _lacking_stars(file: Path, root: Path) -> Iterator[tuple[str, str]]:
    todo, seen = [file.resolve()], set[Path]()
    while todo:
        here = todo.pop(0)
        if here in seen:
            continue
        seen.add(here)
        for line, module in _stars(here, root):
            target = _file_of(module, root)
            if target is not None:
                todo.append(target)
            elif is_own(module, root) or not is_installed(module.partition(".")[0]):
                yield f"{here.relative_to(root).as_posix()}:{line}", module


def _stars(file: Path, root: Path) -> Iterator[tuple[int, str]]:
    package = file.parent.relative_to(root).parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8", errors="replace"))):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            above = package[: len(package) - node.level + 1] if node.level else ()
            yield node.lineno, ".".join([*above, *filter(None, [node.module])])


def _file_of(module: str, root: Path) -> Path | None:
    """Return the file of a module of the tree; None where the tree does not have it."""
    stem = root.joinpath(*module.split("."))
    return next((one for one in (stem.with_suffix(".py"), stem / "__init__.py") if one.is_file()), None)


@lru_cache
def _tried(file: Path) -> frozenset[str]:
    """The names of the imports that a file tries."""
    return frozenset(dict(tried_imports(file.read_text(encoding="utf-8", errors="replace"))))


def tried_imports(source: str) -> Iterator[tuple[str, str]]:
    """Yield (name that is bound, module) of each import of another package that stands in a `try`."""
    for block in ast.walk(ast.parse(source)):
        for node in ast.walk(block) if isinstance(block, ast.Try) else ():
            if isinstance(node, ast.Import):
                yield from ((alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((alias.asname or alias.name, node.module) for alias in node.names)
