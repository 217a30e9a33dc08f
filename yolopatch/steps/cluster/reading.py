"""Which run of a node reads a data set first, where the runs share it: upstream writes a cache of the labels then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from yolopatch.outside.files.lock import ANOTHER_CACHE, hold_lock

_PATIENCE = 24 * 3600.0  # seconds; a large set on a slow disk


class FirstReading:
    """Keeps the other runs of a node waiting until the first has read the data.

    Args:
        mark: the file that says that they were read here; None where each run has its own copy.
    """

    def __init__(self, mark: Path | None) -> None:
        self._mark = mark
        self._held = ExitStack()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other run reads the data for the first time.

        Raises:
            YolopatchError: another one does so for a day.
        """
        mark = self._mark
        with self._held:
            if mark is not None:
                mark.parent.mkdir(parents=True, exist_ok=True)
                lock = hold_lock(mark.with_suffix(".lock"), ANOTHER_CACHE, _PATIENCE, "the first reading of the data")
                self._held.enter_context(lock)
                if mark.exists():
                    self._held.close()
            yield

    def end(self) -> None:
        """Let the others read: the data were read."""
        if self._mark is not None:
            self._mark.touch()
        self._held.close()
