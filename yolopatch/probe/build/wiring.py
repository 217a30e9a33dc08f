"""What each row of a file reads, beside what its base's row reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from ..base.rows import Row
from .subject import Subject

_SHOWN = 2  # of the rows that were taken out or inserted


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


def forgotten_numbers(subject: Subject) -> str:
    """Return which rows to renumber, where this alone repairs the file; "" where it does not, or none is known.

    A row that was removed or inserted moves all rows behind it, and what says the base's numbers still reads others.
    """
    try:
        if subject.found_base is None or len(subject.rows[-1].sources) != len(subject.base_rows[-1].sources):
            return ""  # a head of other maps: its rows have numbers of their own, which the base's do not tell
        numbers = _numbers_of_the_base(subject)
        if numbers:
            subject.build(_renumbered(subject, numbers))
    except Exception:  # any exception of the model's code, or of reading the file: this is not the cause, then
        return ""
    return _how_to_renumber(subject, numbers) if numbers else ""


def _numbers_of_the_base(subject: Subject) -> dict[int, list[int]]:
    """Return, by row, what each row would say that says the base's numbers, and means other layers by them."""
    found = {}
    for own, other in enumerate(subject.alignment.base_of):
        written = subject.rows[own].written
        if other is None or written != subject.base_rows[other].written:
            continue
        meant = [source if source < 0 else _own_source(subject, source) for source in written]
        if meant != list(written):
            found[own] = meant
    return found


def _own_source(subject: Subject, source: int) -> int:
    """Return the file's row that stands for a base's; for one that the file lacks, that for what it reads."""
    own_of = subject.alignment.own_of
    while source >= 0 and source not in own_of:
        source = subject.base_rows[source].sources[0]
    return own_of.get(source, source)


def _renumbered(subject: Subject, numbers: Mapping[int, Sequence[int]]) -> dict[str, Any]:
    data = deepcopy(subject.data)
    rows = [*data["backbone"], *data["head"]]
    for index, written in numbers.items():
        rows[index][0] = list(written) if isinstance(rows[index][0], list) else written[0]
    return data


def _how_to_renumber(subject: Subject, numbers: Mapping[int, Sequence[int]]) -> str:
    rows, base_rows = subject.rows, subject.base_rows
    gone = [
        f"layer {index} of the base ({base_rows[index].module}) was taken out" for index in subject.alignment.dropped
    ]
    new = [f"layer {i} ({rows[i].module}) was inserted" for i, b in enumerate(subject.alignment.base_of) if b is None]
    lets = [f"layer {index} ({rows[index].module}) read {_entry(written)}" for index, written in numbers.items()]
    return f"{', '.join([*gone, *new][:_SHOWN])}, and the rows behind it say the old numbers: let {', '.join(lets)}"


def _entry(written: Sequence[int]) -> str:
    """Return the first entry of a row."""
    return str(written[0] if len(written) == 1 else list(written))


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
