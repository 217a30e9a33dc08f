"""One process of the probe that answers as it goes: started, listened to, and ended with all that it started."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from yolopatch.outside.probe import PROBE, find_interpreter, not_started
from yolopatch.outside.surroundings import child_environment

LINES = 12  # of a process's last words: enough to reach from upstream's forward to the module's own line
_WIDTH = 200  # characters of each
_TAIL = 64 * 1024  # bytes of output that are read for them
_PATIENCE = 2.0  # seconds for a stuck process to say where it is stuck
_TALKATIVE = {
    "PYTHONFAULTHANDLER": "1",  # a crash in native code says which line called it
    "PYTHONUNBUFFERED": "1",  # its last words must not die with it
}


class Child:
    """A probe that answers line by line. Leave the context, and nothing of it is left.

    Args:
        request: see the probe; the folder is added here, if it names none.
        folder: an empty folder of its own.
        python: the interpreter.
        place: where it is started, and its environment variables; None for the folder, and for none of the user's
            settings.

    Raises:
        YolopatchError: there is no such interpreter, or it cannot be started.
    """

    def __init__(
        self,
        request: Mapping[str, object],
        folder: Path,
        python: str,
        place: tuple[Path, Mapping[str, str]] | None = None,
    ) -> None:
        self._answer, self._log = folder / "answer", folder / "log"
        self._read = 0
        interpreter = find_interpreter(python)
        ours, theirs = os.pipe()
        try:
            told = {"folder": str(folder), **request, "lifeline": ours}
            (folder / "request.json").write_text(json.dumps(told), encoding="utf-8")
            command = [interpreter, str(PROBE), str(folder / "request.json"), str(self._answer)]
            self._process = self._start(command, place or (folder, _environment(folder, interpreter)), ours)
        except BaseException:
            os.close(theirs)
            raise
        finally:
            os.close(ours)
        self._lifeline = theirs  # the process ends when this is closed, which our own end does too
        _make_expendable(self._process.pid)

    def _start(self, command: Sequence[str], place: tuple[Path, Mapping[str, str]], lifeline: int) -> subprocess.Popen:
        with self._log.open("wb") as log:
            try:
                return subprocess.Popen(
                    command,
                    cwd=place[0],
                    env={**place[1], **_TALKATIVE},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(lifeline,),
                    start_new_session=True,  # it may start processes: they are ended as one group
                )
            except OSError as error:
                raise not_started(command[0], error) from error

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._kill()
        self._process.wait()
        os.close(self._lifeline)

    def exit_code(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.poll()

    def new_events(self) -> list[dict]:
        """Return what it has answered since the last call."""
        if not self._answer.exists():
            return []
        with self._answer.open("rb") as stream:
            stream.seek(self._read)
            whole = stream.read().rpartition(b"\n")[0]  # the last line may be half written
        self._read += len(whole) + bool(whole)
        # NaN is no JSON to others: it goes on as a word
        return [json.loads(line, parse_constant=str) for line in whole.splitlines()]

    def printed(self) -> int:
        """Return how many bytes it has printed."""
        return self._log.stat().st_size

    def last_words(self, since: int = 0) -> list[str]:
        """Return the last lines that it printed after this many bytes; of a crash, where it happened."""
        with self._log.open("rb") as stream:
            stream.seek(max(since, self.printed() - _TAIL))
            text = stream.read().decode("utf-8", "replace")
        return last_lines(text)

    def stop(self) -> None:
        """End it, and let it say where it was."""
        self._process.send_signal(signal.SIGABRT)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):  # nothing of it is left
            os.killpg(self._process.pid, signal.SIGKILL)


def last_lines(text: str) -> list[str]:
    """Return the last lines of a process's output; of a crash that Python reports, where it happened."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("Extension modules:")]
    fatal = max((n for n, line in enumerate(lines) if line.startswith("Fatal Python error:")), default=None)
    if fatal is None:
        return [line[:_WIDTH] for line in lines[-LINES:]]
    # the thread that crashed is told innermost call first, and others may be told before it
    current = next((n for n in range(fatal, len(lines)) if lines[n].startswith("Current thread")), fatal + 1)
    return [line[:_WIDTH] for line in [lines[fatal], *lines[current : current + LINES - 1]]]


def _environment(folder: Path, python: str) -> dict[str, str]:
    temporary = folder / "tmp"
    temporary.mkdir()
    return {
        **child_environment(folder / "settings", python),
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # without it CUDA has no deterministic matrix products
        "TMPDIR": str(temporary),  # what it leaves there goes with the folder
    }


def _make_expendable(pid: int) -> None:
    """Where memory runs out, let the system end this process before the user's others; leave no core file."""
    # only Linux has these, and the process may have ended already
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")
    with suppress(AttributeError, OSError):
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
