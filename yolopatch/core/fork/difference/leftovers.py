"""Files that came into a fork by accident, or that its package does not read: caches, copies, weights, data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from yolopatch.core.fork.changes import LEFTOVER, NOTHING, FileChange

_FOLDERS = {
    ".ipynb_checkpoints": "checkpoints of a notebook",
    "__pycache__": "compiled code of Python",
    ".idea": "settings of an editor",
    ".vscode": "settings of an editor",
    ".vs": "settings of an editor",
    ".git": "the history of git",
    ".github": "settings of the repository",
    ".pytest_cache": "a cache of tests",
    ".mypy_cache": "a cache of a type checker",
    ".ruff_cache": "a cache of a linter",
    "runs": "results of runs",
    "wandb": "results of runs",
    "build": "what a build left",
    "dist": "what a build left",
    "*.egg-info": "what an installation left",
    "*.dist-info": "what an installation left",
    ".conda": "an environment of Python",
    "conda-meta": "an environment of Python",
    ".venv": "an environment of Python",
    "venv": "an environment of Python",
    "site-packages": "an environment of Python",
}
_NAMES = {
    "*.py[co]": "compiled code of Python",
    "*.pyd": "compiled code",
    "*.so": "compiled code",
    "*.o": "compiled code",
    "*-checkpoint.*": "a checkpoint of a notebook",
    "* copy.*": "a copy",
    "* copy *.*": "a copy",
    "* - copy.*": "a copy",
    "*副本*": "a copy",
    "*([0-9]).*": "a copy",
    "*.bak": "a copy",
    "*.bak[0-9]": "a copy",
    "*.orig": "a copy",
    "*.rej": "what a merge left",
    "*.swp": "what an editor left",
    "*~": "what an editor left",
    ".ds_store": "what a file manager left",
    "thumbs.db": "what a file manager left",
    "desktop.ini": "what a file manager left",
    "*.pt": "weights",
    "*.pth": "weights",
    "*.onnx": "weights",
    "*.engine": "weights",
    "*.safetensors": "weights",
    "*.log": "a log",
    "*.cache": "a cache of labels",
    "*.zip": "an archive",
    "*.rar": "an archive",
    "*.7z": "an archive",
    "*.tar.gz": "an archive",
}
_DATA = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".mp4", ".avi", ".mov")


def leftover(path: str) -> str | None:
    """Return what sort of leftover a file of the package is; None if it is none."""
    parts = PurePosixPath(path.lower()).parts
    for folder in parts[:-1]:
        for pattern, what in _FOLDERS.items():
            if fnmatchcase(folder, pattern):
                return what
    return next((what for pattern, what in _NAMES.items() if fnmatchcase(parts[-1], pattern)), None)


def beside(sizes: Mapping[str, int]) -> tuple[FileChange, ...]:
    """Return what lies beside the package, one entry for each folder or file at the top.

    Args:
        sizes: the size in bytes of each file, by its path in the fork.
    """
    groups: dict[str, list[str]] = {}
    for path in sizes:
        first, below, _ = path.partition("/")
        groups.setdefault(f"{first}/" if below else first, []).append(path)
    return tuple(_group(name, paths, sizes) for name, paths in sorted(groups.items()))


def _group(name: str, paths: list[str], sizes: Mapping[str, int]) -> FileChange:
    total = sum(sizes[path] for path in paths)
    count = f"{len(paths):,} files, {_size(total)}" if name.endswith("/") else _size(total)
    return FileChange(name, LEFTOVER, (NOTHING,), f"beside the package: {_sorts(paths)} ({count})")


def _sorts(paths: list[str]) -> str:
    found = dict.fromkeys(_sort(path) for path in paths)
    return ", ".join(list(found)[:4])


def _sort(path: str) -> str:
    known = leftover(path)
    if known:
        return known
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in _DATA:
        return "pictures"
    if suffix in (".py", ".ipynb", ".sh", ".bat"):
        return "scripts"
    if suffix in (".md", ".rst") or not suffix:
        return "documents"
    return "data" if suffix in (".txt", ".csv", ".json", ".xml", ".npy") else "other files"


def _size(count: int) -> str:
    value = float(count)
    for unit in ("bytes", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def leftovers(paths: Mapping[str, bytes]) -> Iterator[FileChange]:
    """Yield the leftovers among the files of a package."""
    for path in sorted(paths):
        what = leftover(path)
        if what:
            yield FileChange(path, LEFTOVER, (NOTHING,), what)
