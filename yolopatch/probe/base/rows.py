"""Rows of model YAMLs, and which row of a file corresponds to which row of its base."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

_GAP = -1.0  # a row that only one file has
_EQUAL, _SAME_MODULE, _SAME_ARGUMENTS, _OTHER = 3.0, 2.0, 2.0, 0.1


@dataclass(frozen=True)
class Row:
    """One layer as a YAML writes it.

    Attributes:
        index: its position, from 0.
        sources: the indices of the layers that it reads, from 0; -1 is the image.
        written: its sources as the row has them, counted from 0 or, where negative, from the row itself.
        repeats, module, args: as the row has them.
    """

    index: int
    sources: tuple[int, ...]
    written: tuple[int, ...]
    repeats: int
    module: str
    args: tuple[Any, ...]


def rows_of(data: dict[str, Any]) -> list[Row]:
    """Return the rows of a parsed model YAML, backbone then head."""
    listed = [*data["backbone"], *data["head"]]
    return [
        Row(i, _sources(i, row[0]), _written(row[0]), row[1], str(row[2]), tuple(_frozen(a) for a in row[3]))
        for i, row in enumerate(listed)
    ]


def _written(given: int | list[int]) -> tuple[int, ...]:
    return tuple(given) if isinstance(given, list) else (given,)


def _sources(index: int, given: int | list[int]) -> tuple[int, ...]:
    return tuple(index + f if f < 0 else f for f in _written(given))


def _frozen(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(v) for v in value)
    return {"True": True, "False": False, "None": None}.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Alignment:
    """How a file's rows correspond to its base's.

    Attributes:
        base_of: for each of the file's rows the index of the base's row, None for a row that the base does not have.
        dropped: the indices of the base's rows that the file does not have.
        score: how alike the two are, from 0 to 1.
        picks: the file's rows that pick one of the maps of a backbone that is one row.
    """

    base_of: tuple[int | None, ...]
    dropped: tuple[int, ...]
    score: float
    picks: tuple[int, ...] = ()

    @property
    def own_of(self) -> dict[int, int]:
        """For the base's rows that the file has, by index: the index of the file's row."""
        return {base: own for own, base in enumerate(self.base_of) if base is not None}


def row_likeness(row: Row, other: Row) -> float:
    """Return how alike two rows are as they are written: 3 for the same, 0.1 for nothing in common."""
    if (row.module, row.args, row.repeats) == (other.module, other.args, other.repeats):
        return _EQUAL
    if row.module == other.module:
        return _SAME_MODULE
    return _SAME_ARGUMENTS if row.args == other.args and row.repeats == other.repeats else _OTHER


def align(rows: Sequence[Row], base: Sequence[Row], likeness: Callable[[Row, Row], float] = row_likeness) -> Alignment:
    """Align the rows of a file with its base's, in order, so that as much as possible is alike.

    Args:
        rows: the file's.
        base: the base's.
        likeness: how alike a row of the first and a row of the second are, at most 3.
    """
    table = [[_GAP * j for j in range(len(base) + 1)]]
    for i, row in enumerate(rows, start=1):
        line = [_GAP * i]
        for j, other in enumerate(base, start=1):
            line.append(max(table[-1][j - 1] + likeness(row, other), table[-1][j] + _GAP, line[-1] + _GAP))
        table.append(line)
    base_of: list[int | None] = [None] * len(rows)
    i, j = len(rows), len(base)
    while i and j:
        if table[i][j] == table[i - 1][j - 1] + likeness(rows[i - 1], base[j - 1]):
            i, j = i - 1, j - 1
            base_of[i] = j
        elif table[i][j] == table[i - 1][j] + _GAP:
            i -= 1
        else:
            j -= 1
    dropped = tuple(k for k in range(len(base)) if k not in base_of)
    best = _EQUAL * max(len(rows), len(base), 1)
    return Alignment(tuple(base_of), dropped, max(table[-1][-1], 0.0) / best)


def with_one_backbone(found: Alignment, rows: Sequence[Row], base: Sequence[Row]) -> Alignment:
    """Return the alignment of a file whose first row is a whole backbone, and whose next rows pick one map each.

    A pick stands for the row of the base that gives this map: the last before the neck, and each that the neck reads.
    Any other file keeps its alignment.
    """
    picks = tuple(row.index for row in takewhile(lambda row: row.sources == (0,), rows[1:]))
    names = {rows[index].module for index in picks}
    behind = next((one for one in found.base_of[len(picks) + 1 :] if one is not None), None)
    if len(picks) < 2 or len(names) > 1 or rows[0].sources != (-1,) or not behind:
        return found
    given = sorted({source for row in base[behind:] for source in row.sources if 0 <= source < behind} | {behind - 1})
    if len(given) != len(picks):
        return found
    base_of = (None, *given, *found.base_of[len(picks) + 1 :])
    dropped = tuple(one for one in range(behind, len(base)) if one not in base_of)
    return Alignment(base_of, dropped, found.score, picks)
