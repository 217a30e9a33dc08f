"""Where a file of a post's own repository lies: beside the file that imports it, or where the import says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PACKAGE = "__init__.py"  # of a folder
_ABOVE = 8  # folders; a repository is no deeper
_MOST = 4_000_000  # bytes


def neighbours(file: Path, level: int, module: tuple[str, ...], names: frozenset[str], sure: bool) -> Iterator[Path]:
    """Yield the files that an import may mean, the best one first; each exists.

    Args:
        file: the file with the import.
        level: the number of dots before the module.
        module: the parts of the module's name.
        names: what is imported from it; a name can be a file, too.
        sure: whether it is no package; then it may also lie beside the file, without the folders that the import names.
    """
    folder = file.absolute().parent
    bases = [Path(folder, *[".."] * (level - 1))] if level else [folder, *list(folder.parents)[:_ABOVE]]
    found = [path for base in bases for path in _of(base, module, names)]
    # a post often shows a file without the folders that its own imports name
    beside = [path for n in range(1, len(module)) for path in _of(folder, module[n:], names)] if sure else []
    return (path for path in dict.fromkeys([*found, *beside]) if _is_readable(path) and path != file.absolute())


def _of(base: Path, module: tuple[str, ...], names: frozenset[str]) -> Iterator[Path]:
    place = base.joinpath(*module)
    yield from _named(place) if module else (place / PACKAGE,)
    for name in sorted(names):
        yield from _named(place / name)


def _named(place: Path) -> tuple[Path, Path]:
    """Return what a module's name can mean: Python takes a package before a file of the same name beside it."""
    return place / PACKAGE, place.with_name(f"{place.name}.py")


def _is_readable(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size <= _MOST
    except OSError:  # a folder that nobody may read has no file of the post
        return False
