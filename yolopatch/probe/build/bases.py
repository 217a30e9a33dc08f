"""Find the YAML of upstream's own that a file was made from: its base."""

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import yaml

from .rows import Alignment, align, rows_of

# Below this a file is a network of its own: comparing it layer by layer with anything says nothing.
LEAST_LIKENESS = 0.5
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FOLDERS = ("ultralytics/cfg/models", "models", "yolov5/models")


@dataclass(frozen=True)
class Base:
    """A YAML of upstream's own, parsed, and how a file's rows stand to it."""

    file: Path
    data: dict
    alignment: Alignment


def read_yaml(file):
    """Return a parsed model YAML; upstream, too, drops characters that are not printable."""
    text = Path(file).read_text(encoding="utf-8", errors="ignore")
    return yaml.load("".join(c for c in text if c.isprintable() or c in "\n\t\r"), Loader=_LOADER)


def read_base(file, data):
    """Return one YAML as the base of a parsed file."""
    return _base(Path(file), read_yaml(file), data)


def _base(file, found, data):
    return Base(file, found, align(rows_of(data), rows_of(found)))


def find_base(root, data, name):
    """Return upstream's own YAML that is most like a parsed file, or None where nothing is.

    Args:
        root: the folder of an unchanged upstream.
        data: the parsed file.
        name: the file's name; it decides between files of upstream's that describe the same network.
    """
    head = str(data["head"][-1][2])
    found = [_base(file, other, data) for file, other in _candidates(Path(root), head)]
    best = max(found, key=lambda base: _rank(base, data, name), default=None)
    return best if best and best.alignment.score >= LEAST_LIKENESS else None


def _candidates(root, head):
    """Yield (file, parsed) of every model YAML whose last row may be of this class."""
    for file in (file for folder in _FOLDERS for file in sorted((root / folder).rglob("*.yaml"))):
        if f" {head}," in file.read_text(encoding="utf-8", errors="ignore"):
            data = read_yaml(file)
            if isinstance(data, dict) and {"backbone", "head"} <= data.keys():
                yield file, data


def _rank(base, data, name):
    """Order bases: by rows, by what feeds them, by what else the files agree on, by name, then the plainer name."""
    keys = {"depth_multiple", "width_multiple", "scales", "end2end", "reg_max", "anchors", "kpt_shape"}
    agreed = sum(base.data.get(key) == data.get(key) for key in keys)
    named = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(base.file.name, name)))
    return round(base.alignment.score, 6), _fed_alike(base, data), agreed, named, -len(base.file.name)


def _fed_alike(base, data):
    """Count the rows that are fed by the same layers as the base's."""
    rows, others = rows_of(data), rows_of(base.data)
    return sum(o is not None and rows[i].sources == others[o].sources for i, o in enumerate(base.alignment.base_of))
