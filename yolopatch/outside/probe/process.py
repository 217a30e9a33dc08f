"""One process of the probe: start it, read its messages, and end it with all processes that it started."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from yolopatch.outside.child.group import Group, end_group, make_expendable, start_group, stop_group
from yolopatch.outside.child.memory import memory_of
from yolopatch.outside.environment.executable import start_error
from yolopatch.outside.probe.launch import Launch
from yolopatch.wire.lines import read_line, write_request
from yolopatch.wire.tasks import Task

PROBE = Path(__file__).resolve().parents[2] / "probe" / "__main__.py"
LINES = 12  # of the last lines of output: a traceback from upstream's forward down to the module's own line
_WIDTH = 200  # characters of each
_TAIL = 64 * 1024  # bytes at the end of the output in which they are searched
# How the report of a crash starts, the second one on Windows.
FATAL = ("Fatal Python error:", "Windows fatal exception:")
_PATIENCE = 2.0  # seconds for a stuck process to print where it is stuck
_TALKATIVE = {
    "PYTHONFAULTHANDLER": "1",  # a crash in native code prints the Python line that called it
    "PYTHONUNBUFFERED": "1",  # its last lines are not lost when it crashes
}


class Process:
    """A process that runs one task of the probe. It is ended at the end of the `with` block.

    Args:
        task: the task.
        request: the request of the task.
        launch: how to start the process.
        folder: an empty folder for its log and messages.

    Raises:
        YolopatchError: the interpreter cannot be started.
    """

    def __init__(self, task: Task[Any], request: object, launch: Launch, folder: Path) -> None:
        self._task = task
        self._answers, self.log = folder / "answers", folder / "log"
        self._read = 0
        self.seen = 0  # how many bytes it had printed at the last look
        asked = folder / "request.json"
        command = [launch.python, *launch.flags, str(PROBE), str(asked), str(self._answers)]
        ours, theirs = _pipe()
        try:
            asked.write_text(write_request(task, request, ours), encoding="utf-8")
            self._process = self._start(command, launch, ours)
        except BaseException:
            _close(theirs)
            raise
        finally:
            _close(ours)
        self._lifeline = theirs  # the process ends when this is closed; it also closes if we are killed
        make_expendable(self._process.pid)

    def _start(self, command: Sequence[str], launch: Launch, lifeline: int | None) -> Group:
        with self.log.open("wb") as log:
            try:
                return start_group(
                    command,
                    folder=launch.folder,
                    variables={**launch.variables, **_TALKATIVE},
                    stdout=log,
                    stderr=log,
                    pass_fds=() if lifeline is None else (lifeline,),
                )
            except OSError as error:
                raise start_error(command[0], error) from error

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end_group(self._process)
        _close(self._lifeline)

    def exit_code(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.poll()

    def new_messages(self) -> list[Any]:
        """Return the messages since the last call."""
        if not self._answers.exists():
            return []
        with self._answers.open("rb") as stream:
            stream.seek(self._read)
            whole = stream.read().rpartition(b"\n")[0]  # the last line may be half written
        self._read += len(whole) + bool(whole)
        return [read_line(self._task, line) for line in whole.splitlines()]

    def printed(self) -> int:
        """Return how many bytes it has printed."""
        return self.log.stat().st_size

    def memory(self) -> int:
        """Return how many bytes it holds in memory, with all that it has started."""
        return memory_of(self._process.pid)

    def last_output(self, since: int = 0) -> list[str]:
        """Return the last lines of its output after this many bytes; for a crash, the lines that say where."""
        with self.log.open("rb") as stream:
            stream.seek(max(since, self.printed() - _TAIL))
            text = stream.read().decode("utf-8", "replace")
        return last_lines(text)

    def stop(self) -> None:
        """End it, after it has printed where it was."""
        stop_group(self._process, _PATIENCE)


def _pipe() -> tuple[int, int] | tuple[None, None]:
    """Return both ends of a pipe, the reading one for the process; none on Windows, where a job ends the process."""
    return (None, None) if sys.platform == "win32" else os.pipe()


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def last_lines(text: str) -> list[str]:
    """Return the last lines of a process's output; for a crash that Python reports, the lines that say where."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("Extension modules:")]
    fatal = max((n for n, line in enumerate(lines) if line.startswith(FATAL)), default=None)
    if fatal is None:
        return [line[:_WIDTH] for line in lines[-LINES:]]
    # the calls of the crashed thread are listed innermost first, and other threads may be listed before it
    current = next((n for n in range(fatal, len(lines)) if lines[n].startswith("Current thread")), fatal + 1)
    return [line[:_WIDTH] for line in [lines[fatal], *lines[current : current + LINES - 1]]]
