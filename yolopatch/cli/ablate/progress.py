"""The progress of a grid: a line for each running run on a terminal, and one for each that ended; or events."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict

from yolopatch.cli.report import draw_block, show_notes
from yolopatch.core.text import duration, shorten
from yolopatch.steps.engines.engine import Ended, Event, Failed, Lost, Reached
from yolopatch.steps.engines.schedule import Standing

Hear = Callable[[Event, Standing], None]


class Progress:
    """Shows what becomes of the runs.

    Args:
        draws: whether to draw on a terminal, over what was drawn before.
    """

    def __init__(self, draws: bool) -> None:
        self._draws = draws
        self._begun: dict[str, float] = {}
        self._taken: list[float] = []  # seconds of each ended run
        self._reached: dict[str, Reached] = {}
        self._drawn = 0

    def hear(self, event: Event, standing: Standing) -> None:
        """Take an event."""
        now = time.monotonic()
        begun = self._begun.setdefault(event.id, now)
        self.close()
        if isinstance(event, Reached):
            self._reached[event.id] = event
        elif isinstance(event, Lost):
            self._reached.pop(event.id, None)
            show_notes([f"{event.id} is taken up again: {event.why}"])
        else:
            self._reached.pop(event.id, None)
            self._taken.append(now - begun)
            show_notes([self._over(event, standing)])
        if self._draws:
            width = shutil.get_terminal_size().columns - 1
            self._drawn = draw_block(shorten([self._line(one, now) for one in self._reached.values()], width))

    def close(self) -> None:
        """Remove what was drawn."""
        if self._drawn:
            draw_block([], over=self._drawn)
            self._drawn = 0

    def _over(self, event: Event, standing: Standing) -> str:
        over = standing.done + standing.failed
        what = f"done in {duration(self._taken[-1])}" if isinstance(event, Ended) else "FAILED"
        why = f": {event.why}" if isinstance(event, Failed) else ""
        return f"[{over}/{standing.total}] {event.id} {what}{why}{self._left(standing)}"

    def _line(self, one: Reached, now: float) -> str:
        score = f", mAP50 {one.map50:.3f}" if one.map50 is not None else ""
        trained, passed = one.epoch - 1, now - self._begun[one.id]
        left = f", {duration(passed / trained * (one.epochs - trained))} left" if trained else ""
        return f"  {one.id}: epoch {one.epoch} of {one.epochs}{score}{left}"

    def _left(self, standing: Standing) -> str:
        """Return the time that is left, by the mean of the runs that ended."""
        if not standing.left:
            return ""
        seconds = sum(self._taken) / len(self._taken) * standing.left / max(1, standing.slots)
        return f"; about {duration(seconds)} left"


def event_data(event: Event, standing: Standing) -> dict[str, object]:
    """Return an event for programs."""
    kind = type(event).__name__.lower()
    facts = {"id": event.id} if isinstance(event, Ended) else asdict(event)
    counts = {"done": standing.done, "failed": standing.failed, "total": standing.total}
    return {"event": kind, **facts, **counts}
