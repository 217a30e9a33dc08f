"""Which layer of a base model each layer of a model corresponds to: by the graph, not by the number.

Layers are aligned in their order in the YAMLs, by class, arguments and tensors. Where several equal layers follow each
other, this leaves open which of them is new or missing: then the connections decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch.nn as nn

from ..base.rows import Row, align, row_likeness
from ..tensors.models import UpstreamModel

if TYPE_CHECKING:  # Python 3.9 cannot evaluate these
    from collections.abc import Callable

    Pairs = Sequence[int | None]  # for each row the index of the base's row, None for a new row
    Alike = Callable[[int, int], float]  # how alike a row and a base's row are, by their indices

_SAME_TENSORS = 0.5  # less than a difference between two kinds of rows


def pair_layers(
    model: UpstreamModel, rows: Sequence[Row], base: UpstreamModel, base_rows: Sequence[Row]
) -> tuple[tuple[int | None, ...], float]:
    """Pair the layers of two built models.

    Args:
        model, rows: the model, and the rows of its YAML.
        base, base_rows: the same of the base.

    Returns:
        (pairs, score): for each layer of the model the index of the base's layer, None where the base has none; how
        alike the rows are, from 0 to 1.
    """
    shapes, base_shapes = ([_shapes(layer) for layer in built.model] for built in (model, base))

    def likeness(row: Row, other: Row) -> float:
        return row_likeness(row, other) + _SAME_TENSORS * (shapes[row.index] == base_shapes[other.index])

    def alike(own: int, theirs: int) -> float:
        return likeness(rows[own], base_rows[theirs])

    pairs: Pairs = align(rows, base_rows, likeness).base_of
    better: Pairs | None = pairs
    while better is not None:
        pairs, better = better, _better(rows, base_rows, better, alike)
    return tuple(pairs), align(rows, base_rows).score


def _better(rows: Sequence[Row], base_rows: Sequence[Row], pairs: Pairs, alike: Alike) -> Pairs | None:
    """Return a pairing with more of the base's connections, made by moving a new or missing row; None for none."""
    most = _connections(rows, base_rows, pairs)
    moved = _moved(pairs, len(base_rows), alike)
    return next((other for other in moved if _connections(rows, base_rows, other) > most), None)


def _shapes(layer: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in layer.state_dict().items()}


def _connections(rows: Sequence[Row], base_rows: Sequence[Row], pairs: Pairs) -> int:
    """Count the base's connections that the model has between the corresponding layers."""
    return sum(
        _base_source(rows, source, pairs) == theirs
        for row, of in zip(rows, pairs)
        if of is not None
        for source, theirs in zip(row.sources, base_rows[of].sources)
    )


def _base_source(rows: Sequence[Row], source: int, pairs: Pairs) -> int | None:
    """Return the base's index of a row's source; a new layer is replaced by its own first source."""
    while source >= 0 and pairs[source] is None:
        source = rows[source].sources[0]
    return source if source < 0 else pairs[source]


def _moved(pairs: Pairs, count: int, alike: Alike) -> Iterator[Pairs]:
    """Yield pairings in which one new or missing row is moved along rows that are as alike one step further.

    Args:
        pairs: the pairing.
        count: the number of the base's rows.
        alike: see Alike.
    """
    missing = set(range(count)) - set(pairs)
    for start, of in enumerate(pairs):
        for step in (-1, 1):
            if of is None:
                yield from _moved_new(pairs, start, step, alike)
            elif of + step in missing:
                yield from _moved_missing(pairs, start, step, alike)


def _moved_new(pairs: Pairs, at: int, step: int, alike: Alike) -> Iterator[Pairs]:
    """Move a new row up or down, row by row: it takes the base's row of its neighbour, which is new then."""
    moved = list(pairs)
    while 0 <= at + step < len(moved):
        of = moved[at + step]
        if of is None or alike(at, of) < alike(at + step, of):
            return
        moved[at], moved[at + step] = of, None
        at += step
        yield list(moved)


def _moved_missing(pairs: Pairs, at: int, step: int, alike: Alike) -> Iterator[Pairs]:
    """Move a missing row of the base: a row takes it, then the next row takes the one that is now free."""
    moved = list(pairs)
    while 0 <= at < len(moved):
        of = moved[at]
        if of is None or of + step in moved or alike(at, of + step) < alike(at, of):
            return
        moved[at] = of + step
        at -= step
        yield list(moved)
