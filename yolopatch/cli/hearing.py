"""Show what the lower layers note while a command works, at once: that it waits for another process."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from yolopatch.cli.report import draw_over, show_notes


class _Notes(logging.Handler):
    """Prints each message of our loggers as a note, in place of a progress line that may stand there."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print it."""
        if sys.stderr.isatty():
            draw_over("")
        show_notes([record.getMessage()])


@contextmanager
def notes_shown() -> Iterator[None]:
    """Show the notes of yolopatch's own loggers on stderr while the block runs."""
    logger, handler = logging.getLogger("yolopatch"), _Notes()
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
