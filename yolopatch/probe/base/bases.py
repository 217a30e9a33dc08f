"""Find the YAML of upstream's own that a file was made from: its base."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from ...wire.verification import YAML_FOLDERS
from .rows import Alignment, align, rows_of, with_one_backbone

# Below this the file is another network: a comparison layer by layer means nothing.
LEAST_LIKENESS = 0.5
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Base:
    """A YAML of upstream's own, parsed, and how a file's rows correspond to its rows."""

    file: Path
    data: dict[str, Any]
    alignment: Alignment


def read_yaml(file: Path | str) -> dict[str, Any]:
    """Return a parsed model YAML; upstream, too, drops characters that are not printable."""
    text = Path(file).read_text(encoding="utf-8", errors="ignore")
    data: dict[str, Any] = yaml.load("".join(c for c in text if c.isprintable() or c in "\n\t\r"), Loader=_LOADER)
    return data


def read_base(file: Path | str, data: dict[str, Any]) -> Base:
    """Return one YAML as the base of a parsed file."""
    return _base(Path(file), read_yaml(file), data)


def _base(file: Path, found: dict[str, Any], data: dict[str, Any]) -> Base:
    rows, others = rows_of(data), rows_of(found)
    return Base(file, found, with_one_backbone(align(rows, others), rows, others))


def find_base(
    roots: Sequence[Path | str],
    data: dict[str, Any],
    name: str,
    model_class: Callable[[dict[str, Any]], type[Any]],
    foreign: Collection[str] = (),
) -> Base | None:
    """Return upstream's own YAML that is most like a parsed file, or None where no file is like it.

    Args:
        roots: the folders with upstream's own files; the first may have others as well, which are `foreign`.
        data: the parsed file.
        name: the file's name; it decides between upstream's files that describe the same network.
        model_class: see Upstream; the base is of the same, so of the same task. Rows alone do not tell it: to a head of
            the user's own, each of upstream's is as unlike.
        foreign: paths of files in the first folder that are not upstream's own.
    """
    others, wanted = {Path(roots[0], path) for path in foreign}, model_class(data)
    files = (one for root in roots for one in _models(Path(root), others))
    found = [_base(file, other, data) for file, other in files if model_class(other) is wanted]
    best = max(found, key=lambda base: _rank(base, data, name), default=None)
    return best if best and best.alignment.score >= LEAST_LIKENESS else None


def _models(root: Path, others: Collection[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield (file, parsed) of every model YAML but `others`."""
    for file in (file for folder in YAML_FOLDERS for file in sorted((root / folder).rglob("*.yaml"))):
        data = None if file in others else read_yaml(file)
        if isinstance(data, dict) and {"backbone", "head"} <= data.keys():
            yield file, data


def _rank(base: Base, data: dict[str, Any], name: str) -> tuple[float, int, int, int, int]:
    """Order bases: by rows, by the layers that they read, by other keys, by name, then by the shorter name."""
    keys = (base.data.keys() | data.keys()) - {"backbone", "head", "nc"}
    others = sum(base.data.get(key) != data.get(key) for key in keys)
    named = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(base.file.name, name)))
    return round(base.alignment.score, 6), _fed_alike(base, data), -others, named, -len(base.file.name)


def _fed_alike(base: Base, data: dict[str, Any]) -> int:
    """Count the rows that read the same layers as the base's."""
    rows, others = rows_of(data), rows_of(base.data)
    return sum(o is not None and rows[i].sources == others[o].sources for i, o in enumerate(base.alignment.base_of))
