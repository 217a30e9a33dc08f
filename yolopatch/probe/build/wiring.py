"""What each row of a file reads, beside what its base's row reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..base.rows import Row
from .subject import Subject


@dataclass(frozen=True)
class OtherSource:
    """A row that reads other layers than the base's row.

    Attributes:
        layer, base_layer: the indices of both rows.
        position: the first of its inputs that differs.
        is_meant: whether the row was written to read something else, and is no row that somebody forgot to renumber.
    """

    layer: int
    base_layer: int
    position: int
    is_meant: bool


def has_other_topology(subject: Subject) -> bool:
    """Return whether the file's head reads other maps than its base's: P2, P6, two maps, or finer ones.

    Two maps of one stride are no design, but a row that reads the wrong layer.
    """
    own, base = (sorted(map(int, m.stride)) for m in (subject.model, subject.required_base_model))
    maps = len(subject.rows[-1].sources), len(subject.base_rows[-1].sources)
    return maps[0] != maps[1] or (own != base and len(set(own)) == len(own))


def other_sources(subject: Subject) -> Iterator[OtherSource]:
    """Yield the rows, replaced ones too, that read other layers than the base's."""
    rows, base_rows = subject.rows, subject.base_rows
    free = has_other_topology(subject)
    for own, other in enumerate(subject.alignment.base_of):
        if other is None or own in subject.alignment.picks:
            continue
        found = [_base_source(subject, source) for source in rows[own].sources]
        expected = list(base_rows[other].sources)
        if found != expected:
            position = next((p for p, (a, b) in enumerate(zip(found, expected)) if a != b), 0)
            rewritten = len(found) != len(expected)
            yield OtherSource(own, other, position, rewritten or (free and not _is_unshifted(subject, own, other)))


def _is_unshifted(subject: Subject, own: int, other: int) -> bool:
    """Return whether a row says the same numbers as the base's, though the layers they mean stand elsewhere now."""
    written = subject.rows[own].written
    return written == subject.base_rows[other].written and any(
        source >= 0 and subject.alignment.own_of.get(source, source) != source for source in written
    )


def _base_source(subject: Subject, source: int) -> int:
    """Return the base's layer that a source corresponds to; an inserted layer counts as the layer that it reads."""
    rows, base_of = subject.rows, subject.alignment.base_of
    while source >= 0:
        base = base_of[source]
        if base is not None:
            return base
        source = rows[source].sources[0]
    return source


def unread_rows(rows: Sequence[Row]) -> list[int]:
    """Return the indices of the rows, but the last, that no later row reads."""
    read = {source for row in rows for source in row.sources}
    return [row.index for row in rows[:-1] if row.index not in read]


def leads_to_head(rows: Sequence[Row], index: int) -> bool:
    """Return whether the last row reads a row, or reads what is made of it."""
    needed = {len(rows) - 1}
    for row in reversed(rows):
        if row.index in needed:
            needed.update(row.sources)
    return index in needed
