"""Where in a fork the package of an upstream lies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

ULTRALYTICS, YOLOV5 = "ultralytics", "yolov5"
# Every release has them since the first one that yolopatch knows; of yolov5, forks of other repositories have the rest.
_WHOLE = {
    ULTRALYTICS: ("__init__.py", "nn/tasks.py"),
    YOLOV5: ("models/yolo.py", "models/common.py", "utils/general.py"),
}
# What is left where an author published a part: the changed files alone, or what an upload did not lose.
_PART = {ULTRALYTICS: ("nn/tasks.py",), YOLOV5: ("models/yolo.py",)}
# Copies that nobody works on: of an environment, and of what a build or an editor left.
_COPIES = {"site-packages", "dist-packages", "build", "node_modules", "__pycache__", ".ipynb_checkpoints"}
_VERSION = re.compile(r"""^__version__\s*=\s*["']([\w.+-]+)["']""", re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """The package of an upstream in a fork.

    Attributes:
        upstream: `ultralytics` or `yolov5`.
        folder: its path in the fork: of ultralytics the folder with `nn`, of yolov5 the one with `models`; "" for the
            root.
    """

    upstream: str
    folder: str

    @property
    def place(self) -> str:
        """Where it lies, as a user names it: the folder that holds `ultralytics`, or yolov5's own; "" for the root."""
        if self.upstream == YOLOV5 or PurePosixPath(self.folder).name != ULTRALYTICS:
            return self.folder
        return self.folder.rpartition("/")[0]

    def inside(self, path: str) -> str | None:
        """Return the path that a release has for a file of the fork; None for a file that is not in the package."""
        if self.folder and not path.startswith(f"{self.folder}/"):
            return None
        below = path[len(self.folder) + 1 :] if self.folder else path
        return below if self.upstream == YOLOV5 else f"{ULTRALYTICS}/{below}"


def find_packages(paths: Iterable[str]) -> tuple[Package, ...]:
    """Return the packages among these files: ultralytics before yolov5, and the one nearest to the root first.

    A part of a package counts only where there is no whole one.
    """
    known = frozenset(paths)
    return _packages(known, _WHOLE) or _packages(known, _PART)


def _packages(paths: frozenset[str], wanted: Mapping[str, tuple[str, ...]]) -> tuple[Package, ...]:
    found = [
        Package(upstream, folder)
        for upstream, has in wanted.items()
        for folder in _folders_with(paths, has)
        if not _COPIES & set(folder.split("/"))
    ]
    return tuple(sorted(found, key=lambda one: (one.upstream != ULTRALYTICS, one.folder.count("/"), one.folder)))


def _folders_with(paths: frozenset[str], has: tuple[str, ...]) -> list[str]:
    """Return every folder that has all of these files."""
    last = has[-1]
    folders = [path[: -len(last)].rstrip("/") for path in paths if path == last or path.endswith(f"/{last}")]
    return [folder for folder in folders if all(f"{folder}/{one}".lstrip("/") in paths for one in has)]


def is_of_package(upstream: str, path: str) -> bool:
    """Return whether a file of an upstream's tree is of its package: of yolov5 all are."""
    return upstream == YOLOV5 or path.startswith(f"{ULTRALYTICS}/")


def said_version(files: Mapping[str, bytes]) -> str:
    """Return the version that the package says it is; "" if it says none, as yolov5 does."""
    text = files.get(f"{ULTRALYTICS}/__init__.py", b"").decode("utf-8", "replace")
    found = _VERSION.search(text)
    return found[1] if found else ""
