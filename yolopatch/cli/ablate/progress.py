"""The progress of a grid: a line for each running run on a terminal, and one for each that ended; or events."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from yolopatch.cli.report import draw_block, show_notes
from yolopatch.core.text import duration, shorten
from yolopatch.steps.engines.engine import Ended, Event, Failed, Lost, Reached
from yolopatch.steps.engines.schedule import Standing

Hear = Callable[[Event, Standing], None]


@dataclass
class _Training:
    """A run that is trained now.

    Attributes:
        begun: when it was, or was taken up again.
        first: the epoch that it began with, which is not 1 where it goes on from a checkpoint.
        reached: its newest epoch; None before the first.
    """

    begun: float
    first: int = 1
    reached: Reached | None = None

    def whole(self, now: float) -> float:
        """Return the seconds that all of its epochs would have taken, when it has ended."""
        epochs = self.reached.epochs if self.reached else 1
        return (now - self.begun) * epochs / max(1, epochs - self.first + 1)

    def left(self, now: float) -> float | None:
        """Return the seconds that it still takes, by its epochs so far; None before the second."""
        if self.reached is None or self.reached.epoch == self.first:
            return None
        each = (now - self.begun) / (self.reached.epoch - self.first)
        return each * (self.reached.epochs - self.reached.epoch + 1)


class Progress:
    """Shows what becomes of the runs.

    Args:
        draws: whether to draw on a terminal, over what was drawn before.
    """

    def __init__(self, draws: bool) -> None:
        self._draws = draws
        self._trainings: dict[str, _Training] = {}
        self._taken: list[float] = []  # seconds of each whole run
        self._drawn = 0

    def hear(self, event: Event, standing: Standing) -> None:
        """Take an event."""
        now = time.monotonic()
        self.close()
        if isinstance(event, Reached):
            training = self._trainings.setdefault(event.id, _Training(now, event.epoch))
            training.reached = event
        else:
            self._end(event, self._trainings.pop(event.id, _Training(now)), standing, now)
        if self._draws:
            width = shutil.get_terminal_size().columns - 1
            lines = [_line(one.reached, one.left(now)) for one in self._trainings.values() if one.reached]
            self._drawn = draw_block(shorten(lines, width))

    def _end(self, event: Event, training: _Training, standing: Standing, now: float) -> None:
        if isinstance(event, Lost):
            show_notes([f"{event.id} is taken up again: {event.why}"])
            return
        if isinstance(event, Ended):  # a failed run says nothing of how long the others take
            self._taken.append(training.whole(now))
        over, left = standing.done + standing.failed, self._left(standing, now)
        taken = duration(now - training.begun)
        what = f"was not trained to its end: {event.why}" if isinstance(event, Failed) else f"done in {taken}"
        show_notes([f"[{over}/{standing.total}] {event.id} {what}{left}"])

    def close(self) -> None:
        """Remove what was drawn."""
        if self._drawn:
            draw_block([], over=self._drawn)
            self._drawn = 0

    def _left(self, standing: Standing, now: float) -> str:
        """Return the time that is left, by the mean of the runs that were trained to their end."""
        if not standing.left or not self._taken:
            return ""
        each = sum(self._taken) / len(self._taken)
        going = [_still(one, each, now) for one in self._trainings.values()]
        waiting = standing.left - len(going)
        shared = (sum(going) + waiting * each) / max(1, min(standing.slots, standing.left))
        seconds = max([shared, *going, each if waiting else 0])
        return f"; about {duration(seconds)} left"


def _still(training: _Training, each: float, now: float) -> float:
    """Return the seconds that a run still takes: by its own epochs, else by the mean of the others."""
    left = training.left(now)
    return max(0.0, each - (now - training.begun)) if left is None else left


def _line(one: Reached, seconds: float | None) -> str:
    score = f", mAP50 {one.map50:.3f}" if one.map50 is not None else ""
    left = f", {duration(seconds)} left" if seconds is not None else ""
    return f"  {one.id}: epoch {one.epoch} of {one.epochs}{score}{left}"


def event_data(event: Event, standing: Standing) -> dict[str, object]:
    """Return an event for programs."""
    kind = type(event).__name__.lower()
    facts = {"id": event.id} if isinstance(event, Ended) else asdict(event)
    counts = {"done": standing.done, "failed": standing.failed, "total": standing.total}
    return {"event": kind, **facts, **counts}
