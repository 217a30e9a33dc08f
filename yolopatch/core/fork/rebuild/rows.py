"""The rows of a fork's YAML, each with the place of its words in the text."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

import yaml

from yolopatch.core.model.cfg_yaml import load_mapping

_PARTS = ("backbone", "head")


@dataclass(frozen=True)
class Spot:
    """Where a value stands in a text: from character `start` up to `end`."""

    start: int
    end: int


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        index: its number, from 0.
        source: the layers that it reads, as the file has them.
        repeats: before the depth of a scale.
        module: the name of its class. Some forks write a key of the file instead, whose value is the class.
        args: as PyYAML reads them.
        spot: where the name of the class stands.
        line: from 1.
    """

    index: int
    source: Any
    repeats: Any
    module: str
    args: list[Any]
    spot: Spot
    line: int


@dataclass(frozen=True)
class ForkCfg:
    """A model YAML of a fork.

    Attributes:
        name: as it was asked for.
        text: its content.
    """

    name: str
    text: str

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """Its values by key.

        Raises:
            UsageError: it is no YAML of a model.
        """
        return load_mapping(self.text, PurePath(self.name))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Its rows, backbone then head; raises as `content`."""
        listed = [row for part in _PARTS for row in _as_list(self.content.get(part))]
        found: list[Row] = []
        for row, node in zip(listed, self._nodes()):
            if not _is_row(row):
                continue
            word = node.value[2]
            spot = Spot(word.start_mark.index, word.end_mark.index)
            args = row[3] if len(row) > 3 else []
            found.append(Row(len(found), row[0], row[1], self._named(row[2]), args, spot, word.start_mark.line + 1))
        return tuple(found)

    def _named(self, module: str) -> str:
        value = self.content.get(module)
        return value if isinstance(value, str) else module

    def _nodes(self) -> Iterator[yaml.SequenceNode]:
        root = yaml.compose(self.text, Loader=yaml.SafeLoader)
        pairs = root.value if isinstance(root, yaml.MappingNode) else []
        # of a key that comes twice the last one counts
        parts = {key.value: value for key, value in pairs if isinstance(key, yaml.ScalarNode)}
        for part in _PARTS:
            node = parts.get(part)
            yield from node.value if isinstance(node, yaml.SequenceNode) else ()

    @cached_property
    def words(self) -> frozenset[str]:
        """Every text in the arguments of rows: some classes take the name of another one."""
        found: set[str] = set()
        todo: list[Any] = [row.args for row in self.rows]
        while todo:
            value = todo.pop()
            if isinstance(value, str):
                found.add(value)
            elif isinstance(value, list):
                todo += value
        return frozenset(found)

    def scales(self) -> Iterator[dict[str, Any]]:
        """Yield for each scale what the parser knows of it: `depth`, `width`, `max_channels`, `scale` and more."""
        scales = self.content.get("scales")
        common = {"nc": self.content.get("nc", 80), "d": self.content, "kpt_shape": self.content.get("kpt_shape")}
        if not isinstance(scales, dict):
            depth, width = (self.content.get(key, 1.0) for key in ("depth_multiple", "width_multiple"))
            yield {**common, "depth": depth, "width": width, "max_channels": float("inf"), "scale": None}
            return
        for scale, values in scales.items():
            if isinstance(values, list) and len(values) == 3:
                yield {**common, **dict(zip(("depth", "width", "max_channels"), values)), "scale": scale}

    def word(self, spot: Spot) -> str:
        """Return what stands in a place, without quotes."""
        return self.text[spot.start : spot.end].strip("'\"")

    def replaced(self, words: Mapping[Spot, str]) -> str:
        """Return the text with other words in these places."""
        text = self.text
        for spot, word in sorted(words.items(), key=lambda one: -one[0].start):
            text = text[: spot.start] + word + text[spot.end :]
        return text.rstrip("\n") + "\n"


def clean_text(text: str) -> str:
    """Return a YAML with the line ends of git, and without the characters that upstream ignores."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return yaml.reader.Reader.NON_PRINTABLE.sub("", plain)


def read_value(value: Any, known: Mapping[str, Any]) -> Any:
    """Return an argument as upstream's parser reads it: a name that it knows, a value in Python, or the text."""
    if not isinstance(value, str):
        return value
    if value in known:
        return known[value]
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 2 and isinstance(value[2], str)
