"""A data YAML on disk: its content, and the paths of its images and labels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yolopatch.core.foreign_signs import MEANT
from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.files.folders import entries_below
from yolopatch.outside.files.system_errors import advice, number_of

PARTS = ("train", "val", "test")
# the suffixes that the loader of every pin reads
_SUFFIXES = {".bmp", ".dng", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
_MOST_CLASSES = 100_000  # the largest published sets have 21,841
_MOST_CHARACTERS = 16 * 1024 * 1024
_MOST_VALUES = 3 * _MOST_CLASSES
_NO_COMMAS = {chr(code) for code, meant in MEANT.items() if meant == ","}
_LONGEST_SHOWN = 60  # characters of a wrong value
_PLACES = "a folder, a list of images, or several of them"
_EXPECTED = {
    "nc": "a number",
    "names": "a list, or a mapping of numbers to names",
    "path": "a folder",
    **dict.fromkeys(PARTS, _PLACES),
}
_KINDS: dict[str, tuple[type, ...]] = {
    "nc": (int,),
    "names": (list, dict),
    "path": (str,),
    **dict.fromkeys(PARTS, (str, list)),
}


@dataclass(frozen=True)
class Dataset:
    """A data YAML, read.

    Attributes:
        file: the YAML.
        root: the folder that its paths are relative to.
        says: its content.
        names: the class names, in order.
    """

    file: Path
    root: Path
    says: Mapping[str, Any]
    names: tuple[str, ...]

    @property
    def is_fetched(self) -> bool:
        """Whether upstream downloads the data set if it is missing."""
        return bool(self.says.get("download"))

    def sources(self, part: str) -> list[Path]:
        """Return the folders or lists of images of `train`, `val` or `test`; they may not exist."""
        asked = self.says.get(part) or []
        return [self.root / str(one) for one in ([asked] if isinstance(asked, str) else asked)]


def read_dataset(file: Path) -> Dataset:
    """Read a data YAML.

    Raises:
        UsageError: the file does not exist, is not YAML, or lacks keys that upstream needs.
    """
    if not file.is_file():
        raise UsageError(f"the data file {file} does not exist", hint="make one: yolopatch data shapes --out shapes")
    says = _content(file)
    _require_keys(file, says)
    return Dataset(file, _root(file, says), says, _names(file, says))


def _content(file: Path) -> Mapping[str, Any]:
    try:
        says = load_plain(file.read_text(encoding="utf-8"), _MOST_CHARACTERS, _MOST_VALUES)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} is not UTF-8 text",
            details=[f"found: byte 0x{error.object[error.start]:02x}"],
            hint="save it as UTF-8 in your editor",
        ) from error
    except PlainYamlError as error:
        where = f"{file}, line {error.line}" if error.line else f"{file}"
        what = "is not YAML" if error.is_syntax else "is not a data YAML"
        raise UsageError(f"{where} {what}", details=[f"found: {error.found}"], hint="correct it there") from error
    if not isinstance(says, dict):
        raise UsageError(f"{file} is not a data YAML", details=["expected: train, val and names"])
    return says


def _require_keys(file: Path, says: Mapping[str, Any]) -> None:
    missing = [key for key in ("train", "val") if not says.get(key)]
    if says.get("names") is None and says.get("nc") is None:
        missing.append("names")
    if missing:
        raise UsageError(f"{file} lacks {', '.join(missing)}", details=["expected: train, val and names"])
    for key, kinds in _KINDS.items():
        if says.get(key) is not None and not isinstance(says[key], kinds):
            found = repr(says[key])[:_LONGEST_SHOWN]
            raise UsageError(f"{file}: {key} is {found}", details=[f"expected: {_EXPECTED[key]}"])
    if (says.get("nc") or 0) > _MOST_CLASSES:
        raise UsageError(f"{file}: nc is {says['nc']}", details=[f"expected: {_MOST_CLASSES:,} classes at most"])


def _root(file: Path, says: Mapping[str, Any]) -> Path:
    """Return the folder that paths are relative to: upstream takes `path`, or looks for it in its data set folder."""
    if not says.get("path"):
        return Path() if os.path.exists(str(says["train"])) else file.parent
    root = Path(os.path.expanduser(str(says["path"])))  # as it is where there is no such user
    return next((place for place in (root, file.parent / root) if os.path.exists(place)), root)


def _names(file: Path, says: Mapping[str, Any]) -> tuple[str, ...]:
    names = says.get("names") or [f"class {number}" for number in range(says.get("nc") or 0)]
    if isinstance(names, dict):
        wrong = sorted(names, key=str) if set(names) != set(range(len(names))) else None
        if wrong:
            raise UsageError(
                f"{file}: names has the numbers {', '.join(map(str, wrong))[:_LONGEST_SHOWN]}",
                details=[f"expected: 0 to {len(names) - 1}, each exactly once"],
            )
        names = [names[number] for number in range(len(names))]
    count = says.get("nc")
    if count is not None and count != len(names):
        wide = next((name for name in map(str, names) if set(name) & _NO_COMMAS), None)
        raise UsageError(
            f"{file} says nc: {count} and has {len(names)} names",
            details=[f"found: one name, {wide!r}: in YAML a comma of ASCII stands between two"] if wide else [],
            hint="make them agree, or drop nc",
        )
    return tuple(map(str, names))


def images(source: Path) -> Iterator[Path]:
    """Yield the images in a folder and its subfolders, or in a text file that lists them.

    Raises:
        YolopatchError: the list cannot be read, or is not UTF-8, which upstream needs.
    """
    # os.path, here and below: a name that is too long for the system is no file, not an error
    if os.path.isdir(source):
        yield from sorted(path for path in entries_below(source) if path.suffix.lower() in _SUFFIXES)
    elif os.path.isfile(source):
        for line in _listed(source).splitlines():
            if line.strip():
                path = Path(line.strip())
                yield source.parent / path if line.startswith("./") else path


def _listed(source: Path) -> str:
    hint = "list one image a line, as UTF-8 text"
    try:
        return source.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise YolopatchError(f"{source} is not UTF-8 text: line {line}", hint=hint) from error
    except OSError as error:
        raise YolopatchError(
            f"{source} cannot be read: {error.strerror}", hint=advice(number_of(error), source, hint)
        ) from error


def label_file(image: Path) -> Path:
    """Return the label file of an image: upstream replaces the last `images` in the path with `labels`."""
    parts = list(image.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    return Path(*parts).with_suffix(".txt")
