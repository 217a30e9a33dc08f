"""A data YAML on disk: what it says, and where its images and labels lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from yolopatch.errors import UsageError

PARTS = ("train", "val", "test")
# what every pin's loader takes
_SUFFIXES = {".bmp", ".dng", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Dataset:
    """A data YAML, read.

    Attributes:
        file: the YAML.
        root: the folder that its paths start from.
        says: its content.
        names: the classes, in order.
    """

    file: Path
    root: Path
    says: Mapping[str, Any]
    names: tuple[str, ...]

    def sources(self, part: str) -> list[Path]:
        """Return the folders or lists of images of `train`, `val` or `test`, which need not exist."""
        asked = self.says.get(part) or []
        return [self.root / one for one in ([asked] if isinstance(asked, str) else asked)]


def read_dataset(file: Path) -> Dataset:
    """Read a data YAML.

    Raises:
        UsageError: there is none, it is not YAML, or it lacks what upstream needs.
    """
    if not file.is_file():
        raise UsageError(f"there is no data file {file}", hint="make one: yolopatch data shapes --out shapes")
    try:
        says = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise UsageError(f"{file}{line} is not YAML", details=[str(error).splitlines()[0]]) from error
    if not isinstance(says, dict):
        raise UsageError(f"{file} is no data YAML", details=["expected: train, val and names"])
    missing = [key for key in ("train", "val") if not says.get(key)]
    if "names" not in says and "nc" not in says:
        missing.append("names")
    if missing:
        raise UsageError(f"{file} lacks {', '.join(missing)}", details=["expected: train, val and names"])
    return Dataset(file, _root(file, says), says, _names(file, says))


def _root(file: Path, says: Mapping[str, Any]) -> Path:
    """Return what paths are relative to: upstream takes `path` itself, or looks for it in its own folder of sets."""
    if not says.get("path"):
        return Path() if (Path() / str(says["train"])).exists() else file.parent
    root = Path(str(says["path"])).expanduser()
    return next((place for place in (root, file.parent / root) if place.exists()), root)


def _names(file: Path, says: Mapping[str, Any]) -> tuple[str, ...]:
    names = says.get("names", [f"class {number}" for number in range(says.get("nc", 0))])
    if isinstance(names, dict):
        wrong = sorted(names, key=str) if set(names) != set(range(len(names))) else None
        if wrong:
            raise UsageError(
                f"{file}: names has the numbers {', '.join(map(str, wrong))}",
                details=[f"expected: 0 to {len(names) - 1}, each once"],
            )
        names = [names[number] for number in range(len(names))]
    count = says.get("nc", len(names))
    if count != len(names):
        raise UsageError(f"{file} says nc: {count} and has {len(names)} names", hint="make them agree, or drop nc")
    return tuple(map(str, names))


def images(source: Path) -> Iterator[Path]:
    """Yield the images of a folder, with those below it, or of a text file that lists them."""
    if source.is_dir():
        yield from sorted(path for path in source.rglob("*") if path.suffix.lower() in _SUFFIXES)
    elif source.is_file():
        for line in source.read_text(encoding="utf-8").splitlines():
            if line.strip():
                path = Path(line.strip())
                yield source.parent / path if line.startswith("./") else path


def label_file(image: Path) -> Path:
    """Return where upstream looks for an image's labels: `labels` for the last `images` in its path."""
    parts = list(image.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    return Path(*parts).with_suffix(".txt")
