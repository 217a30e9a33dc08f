"""The columns of the table, their texts, and which value of a column is the best and the second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yolopatch.core.compare.rows import MIB, Row
from yolopatch.core.tables.marks import BEST, SECOND, UNMARKED

Span = tuple[float, float, float]
"""A value with the lowest and the highest that it cannot be told from."""

LOWER, HIGHER, NEITHER = 1, -1, 0
MISSING = "-"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        key: its name in table.csv.
        head, unit: its head; the unit is "" for a plain number.
        decimals: of the printed numbers.
        value: gives the number of a row, in the unit; None where it is not known.
        better: LOWER, HIGHER, or NEITHER where no value is better.
        spread: gives the lowest and the highest value that a row's cannot be told from, None where it is exact.
    """

    key: str
    head: str
    unit: str
    decimals: int
    value: Callable[[Row], float | None]
    better: int = NEITHER
    spread: Callable[[Row], tuple[float, float]] | None = None

    def text(self, row: Row) -> str:
        """Return the printed number."""
        found = self.value(row)
        return MISSING if found is None else f"{found:.{self.decimals}f}"

    def marks(self, rows: Sequence[Row]) -> list[int]:
        """Return BEST, SECOND or UNMARKED for each row; equal are those that look equal, or whose spreads overlap."""
        return rank([self._span(row) for row in rows], self.better)

    def _span(self, row: Row) -> Span | None:
        text = self.text(row)
        if text == MISSING:
            return None
        return (float(text), *(self.spread(row) if self.spread else (float(text), float(text))))


def rank(spans: Sequence[Span | None], better: int) -> list[int]:
    """Return the mark of each value: BEST for the best and what cannot be told from it, SECOND for the next.

    Nothing is marked where all are equal.
    """
    costs = {
        number: span if better == LOWER else (-span[0], -span[2], -span[1])
        for number, span in enumerate(spans)
        if span is not None and better != NEITHER
    }
    order = sorted(costs, key=lambda number: costs[number][0])
    best = _equal_to_first(order, costs)
    rest = order[len(best) :]
    marks = [UNMARKED] * len(spans)
    for group, mark in ((best, BEST), (_equal_to_first(rest, costs), SECOND)) if rest else ():
        for number in group:
            marks[number] = mark
    return marks


def _equal_to_first(order: Sequence[int], costs: dict[int, Span]) -> list[int]:
    """Return the first of these rows, and those right behind it whose spread begins before the first's ends."""
    found: list[int] = []
    for number in order:
        if costs[number][1] > costs[order[0]][2]:
            break
        found.append(number)
    return found


def _fps_spread(row: Row) -> tuple[float, float]:
    assert row.times is not None  # a row with images per second has the times
    assert row.fps is not None
    images = row.fps * row.times.median
    return images / row.times.high, images / row.times.low


def _time_spread(row: Row) -> tuple[float, float]:
    assert row.times is not None  # a row with a latency has the times
    return row.times.low, row.times.high


SIZE = (
    Column("layers", "Layers", "", 0, lambda row: row.layers),
    Column("parameters_m", "Parameters", "M", 3, lambda row: row.parameters / 1e6, LOWER),
    Column("gflops_true", "GFLOPs", "true", 2, lambda row: row.gflops_true, LOWER),
    Column("gflops_upstream", "GFLOPs", "thop", 2, lambda row: row.gflops_upstream),
)
LATENCY = Column(
    "latency_ms", "Latency", "ms", 2, lambda row: row.times.median if row.times else None, LOWER, _time_spread
)
SPEED = (
    LATENCY,
    Column("fps", "Speed", "FPS", 1, lambda row: row.fps, HIGHER, _fps_spread),
    Column("memory_mib", "Memory", "MiB", 1, lambda row: None if row.memory is None else row.memory / MIB, LOWER),
)
METRICS = (
    Column("precision", "Precision", "", 3, lambda row: row.scores.precision if row.scores else None, HIGHER),
    Column("recall", "Recall", "", 3, lambda row: row.scores.recall if row.scores else None, HIGHER),
    Column("map50", "mAP50", "", 3, lambda row: row.scores.map50 if row.scores else None, HIGHER),
    Column("map50_95", "mAP50-95", "", 3, lambda row: row.scores.map50_95 if row.scores else None, HIGHER),
)


def _coco(name: str) -> Callable[[Row], float | None]:
    return lambda row: getattr(row.evaluation.coco, name) if row.evaluation else None


COCO = (
    Column("coco_ap", "AP", "COCO", 3, _coco("ap"), HIGHER),
    Column("coco_ap50", "AP50", "COCO", 3, _coco("ap50"), HIGHER),
    Column("coco_small", "AP", "small", 3, _coco("small"), HIGHER),
    Column("coco_medium", "AP", "medium", 3, _coco("medium"), HIGHER),
    Column("coco_large", "AP", "large", 3, _coco("large"), HIGHER),
)


def parts_of(rows: Sequence[Row]) -> dict[str, tuple[Column, ...]]:
    """Return the columns in parts that are narrow enough for a terminal and a page, each with its title."""
    parts: dict[str, tuple[Column, ...]] = {"Size": SIZE, "Speed and memory": SPEED}
    if any(row.scores for row in rows):
        parts["Accuracy"] = METRICS
    if any(row.evaluation for row in rows):
        parts["Accuracy by COCO's evaluator"] = COCO
    return parts


def columns_of(rows: Sequence[Row]) -> tuple[Column, ...]:
    """Return the columns of a table of these rows: those of metrics only where a row has metrics."""
    return tuple(column for part in parts_of(rows).values() for column in part)
