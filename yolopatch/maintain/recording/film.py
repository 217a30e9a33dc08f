"""From recorded commands to a film: which row of the terminal shows what, from when until when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yolopatch.maintain.recording.screen import Row, Screen
from yolopatch.maintain.recording.session import Recorded

PROMPT = "$ "
# seconds of the film
_A_WORD, _BEFORE, _AFTER = 0.12, 0.4, 1.0
_LONGEST = 8.0  # a command that took longer is shown faster
_FRAME = 0.12


@dataclass(frozen=True)
class Shot:
    """A row of the terminal that stays the same for a while.

    Attributes:
        number: of the row, from 0 at the first command.
        row: what stands in it.
        start, end: seconds of the film; no end: until the film ends.
    """

    number: int
    row: Row
    start: float
    end: float | None


@dataclass(frozen=True)
class Film:
    """A session as it is shown.

    Attributes:
        shots: the rows.
        heights: from which second on how many rows are there.
        last_command: the row of the last prompt.
        seconds: how long the film is.
    """

    shots: tuple[Shot, ...]
    heights: tuple[tuple[float, int], ...]
    last_command: int
    seconds: float


@dataclass(frozen=True)
class _Frame:
    seconds: float
    rows: tuple[Row, ...]


def cut(session: Sequence[Recorded], columns: int) -> Film:
    """Return the film of a session on a terminal with this many columns."""
    screen = Screen(columns)
    frames: list[_Frame] = []
    now, last_command = 0.0, 0
    for recorded in session:
        last_command = len(screen.rows())
        for at, text in list(_typed(recorded.line, now)):
            screen.feed(text)
            now = at
            frames.append(_Frame(now, screen.rows()))
        start, speed = now + _BEFORE, min(1.0, _LONGEST / recorded.seconds)
        for piece in recorded.pieces:
            screen.feed(piece.text)
            now = start + piece.seconds * speed
            frames.append(_Frame(now, screen.rows()))
        now += _AFTER
    thinned = list(_thin(frames))
    heights = tuple((frame.seconds, len(frame.rows)) for frame in thinned)
    return Film(tuple(_shots(thinned)), heights, last_command, now)


def _typed(line: str, now: float) -> Iterator[tuple[float, str]]:
    """Yield the prompt, then the words of a command, each with its time; the last one ends the line."""
    yield now, PROMPT
    words = line.split(" ")
    for word in words[:-1]:
        now += _A_WORD
        yield now, f"{word} "
    yield now + _A_WORD, f"{words[-1]}\r\n"


def _thin(frames: Sequence[_Frame]) -> Iterator[_Frame]:
    """Yield the frames that the eye can tell apart: of those in one moment, the last one."""
    for frame, following in zip(frames, [*frames[1:], None]):
        if following is None or int(following.seconds / _FRAME) > int(frame.seconds / _FRAME):
            yield frame


def _shots(frames: Sequence[_Frame]) -> Iterator[Shot]:
    for number in range(max(len(frame.rows) for frame in frames)):
        shown: Row = ()
        start = 0.0
        for frame in frames:
            row = frame.rows[number] if number < len(frame.rows) else ()
            if row != shown:
                if shown:
                    yield Shot(number, shown, start, frame.seconds)
                shown, start = row, frame.seconds
        if shown:
            yield Shot(number, shown, start, None)
