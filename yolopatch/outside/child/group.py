"""A child process that may start others: it runs as a process group, on Windows as a job, and is ended with all of it.

Two kinds of children are started elsewhere: git (`git/command.py`), which cleans up when it is asked to end and is
killed when we are (`lifeline.py`), and a user's own command (`environment/run_command.py`), which shares the user's
terminal.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from yolopatch.outside.child.jobs import Job
from yolopatch.outside.child.lifeline import Guard, joining


@dataclass(frozen=True)
class Limits:
    """What a command and each of its children may use, in bytes; the system stops them there. On Windows, no file is
    limited."""

    file: int
    memory: int


class Group(subprocess.Popen[bytes]):
    """A process, and what ends it with all that it starts: a job on Windows, elsewhere a guard where we are killed."""

    job: Job | None = None
    guard: Guard | None = None


def start_group(
    command: Sequence[str],
    *,
    folder: Path,
    variables: Mapping[str, str],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    pass_fds: Sequence[int] = (),
    ends_with_us: bool = False,
    limits: Limits | None = None,
) -> Group:
    """Start a command as a new process group, with an empty stdin. Call `end_group` when it is no longer needed.

    Args:
        command: the program and its arguments.
        folder: where it starts.
        variables: its whole environment.
        stdout, stderr: as `subprocess.Popen` takes them.
        pass_fds: file descriptors that it inherits; none on Windows.
        ends_with_us: it is killed when yolopatch is killed, with all that it has started. Set it for programs that do
            not notice this themselves; the probe does (`probe/protocol/lifeline.py`). Windows always does it.
        limits: of each file that it writes, and of its memory; None for as much as the user may.

    Raises:
        OSError: it cannot be started.
    """
    guard = Guard() if ends_with_us and sys.platform != "win32" else None
    try:
        process = Group(
            command,
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=pass_fds,
            **_apart(guard, limits),
        )
    except BaseException:
        if guard:
            guard.end_others()
        raise
    process.guard = guard
    if sys.platform == "win32":
        process.job = Job(process, limits.memory if limits else None)
    return process


def _apart(guard: Guard | None, limits: Limits | None) -> dict[str, Any]:
    """Return the arguments of `subprocess.Popen` for a group of its own, which Ctrl-C does not reach."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    limit = _limited(limits) if limits else None
    if guard is None:
        return {"start_new_session": True, "preexec_fn": limit}
    joined = joining(guard.group())
    return {**joined, "preexec_fn": _in_turn(joined.get("preexec_fn"), limit)}


def temporary_in(folder: Path) -> dict[str, str]:
    """Return the variables with which programs write their temporary files into the folder, on every platform."""
    return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))


def end_group(process: Group) -> None:
    """Kill what still runs of the process's group, and wait for the process."""
    _kill(process)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def _kill(process: Group) -> None:
    if process.guard:
        process.guard.end_others()
    elif sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):  # nothing runs; macOS says that it is not permitted then
            os.killpg(process.pid, signal.SIGKILL)
    elif process.job:
        process.job.end()
        process.job = None


def stop_group(process: Group, patience: float) -> None:
    """End a process of Python's after it has printed where it was; on Windows, where it cannot be asked, at once.

    Args:
        process: it runs with PYTHONFAULTHANDLER.
        patience: how many seconds it may take.
    """
    if sys.platform != "win32":
        process.send_signal(signal.SIGABRT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return
    end_group(process)


def make_expendable(pid: int) -> None:
    """If memory runs out, let the system kill this process before the user's others; write no core file. Linux only."""
    if sys.platform != "linux":
        return
    import resource  # Windows has no such module

    with suppress(OSError):  # the process may have ended already
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000", encoding="utf-8")
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _limited(limits: Limits) -> Callable[[], Any] | None:
    """Return the function that limits the child before it starts, None on Windows, where its job does."""
    if sys.platform == "win32":
        return None
    import resource  # Windows has no such module

    wanted = ((resource.RLIMIT_FSIZE, limits.file), (resource.RLIMIT_AS, limits.memory))
    # a limit of the user's own that is lower stays
    chosen = [(what, min([value, *(one for one in resource.getrlimit(what) if one >= 0)])) for what, value in wanted]

    def limit() -> None:
        for what, value in chosen:
            resource.setrlimit(what, (value, value))

    return limit


def _in_turn(*steps: Callable[[], Any] | None) -> Callable[[], Any] | None:
    wanted = [step for step in steps if step]
    return (lambda: [step() for step in wanted]) if wanted else None
