"""Have the probe do one task, and take what it answers as it comes."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.environment.upstream_settings import upstream_variables
from yolopatch.outside.git.command import FREE_SOME_SPACE, is_disk_full
from yolopatch.outside.probe.launch import Launch
from yolopatch.outside.probe.listen import Ended, listen
from yolopatch.outside.probe.process import Process
from yolopatch.outside.watch import Watch
from yolopatch.wire.messages import Refused, Step, UpstreamOpened, UpstreamRequest
from yolopatch.wire.tasks import Task

Answer = TypeVar("Answer")
_NO_SPACE = 2**20  # bytes free, with which the log may be cut off before it says why
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Failed:
    """A process that ended without all of its answers: how, its last lines, and its whole log."""

    ended: Ended
    lines: tuple[str, ...]
    log: Path


def run_task(
    task: Task[Any],
    request: object,
    launch: Launch,
    folder: Path,
    take: Callable[[Any], None],
    *,
    patience: float | None = None,
    look: Callable[[], None] = lambda: None,
    answered: Callable[[], bool] = lambda: True,
) -> Failed | None:
    """Run a task to its end; return how it failed, None where it did not.

    Args:
        task: what is done.
        request: what it is asked.
        launch: how the process is run.
        folder: an empty one, in which the process keeps its log.
        take: takes each message.
        patience: how many seconds it may be silent; None for as long as it likes.
        look: called now and then while it goes on.
        answered: whether what was to be heard has been heard: a process that ends well without it has failed, too.
    """
    with Process(task, request, launch, folder) as process:
        ended = listen(process, take, patience=lambda: patience, look=look)
        if ended is None or (ended.code == 0 and not ended.why and answered()):
            return None
        return Failed(ended, tuple(process.last_words()), process.log)


def run_in_workspace(
    task: Task[Any],
    request: object,
    workspace: Path,
    interpreter: Interpreter,
    folder: Path,
    take: Callable[[Any], None],
    *,
    what: str,
    look: Callable[[], None] = lambda: None,
    answered: Callable[[], bool] = lambda: True,
) -> None:
    """Run a task in the workspace, as upstream itself would be run there.

    Args:
        task, request: what is done.
        workspace: whose upstream is imported, and where the process is started.
        interpreter: with upstream's requirements.
        folder: a new one, in which the log stays.
        take: takes each message.
        what: what is done, for messages: `training`.
        look, answered: as `run_task` has them.

    Raises:
        YolopatchError: the process failed; its last words are in `details`.
    """
    folder.mkdir(parents=True)
    launch = Launch(interpreter.executable, workspace, upstream_variables(workspace, interpreter))
    failed = run_task(task, request, launch, folder, take, look=look, answered=answered)
    if failed:
        raise _failure(what, failed)


def ask_in_workspace(
    task: Task[Any],
    request: object,
    workspace: Path,
    interpreter: Interpreter,
    answer: type[Answer],
    *,
    what: str,
    watch: Watch,
    steps: int,
) -> Answer:
    """Run a task in the workspace that tells its steps, and return its one answer.

    Args:
        task, request, workspace, interpreter, what: as `run_in_workspace` has them.
        answer: the type of the answer.
        watch: takes each step that begins.
        steps: how many there are.

    Raises:
        YolopatchError: the probe refused, and says why, or failed.
    """
    heard: list[Answer] = []
    refused: list[Refused] = []
    begun: list[Step] = []

    def take(message: object) -> None:
        if isinstance(message, Step):
            begun.append(message)
            watch(message.name, len(begun), steps)
        elif isinstance(message, Refused):
            refused.append(message)
        elif isinstance(message, answer):
            heard.append(message)

    with tempfile.TemporaryDirectory(prefix="yolopatch-") as folder:
        run_in_workspace(
            task,
            request,
            workspace,
            interpreter,
            Path(folder) / "probe",
            take,
            what=what,
            answered=lambda: bool(heard or refused),
        )
    for one in refused:
        raise YolopatchError(one.what, details=[*one.details, "nothing was written"], hint=one.hint)
    return heard[0]


def ask(
    task: Task[Any],
    request: object,
    launch: Callable[[Path], Launch],
    answer: type[Answer] | tuple[type[Answer], ...],
    *,
    patience: float,
    failure: Callable[[Failed], YolopatchError],
) -> Answer:
    """Run a task far from the user's files and return its one answer.

    Args:
        task, request: what is done.
        launch: makes the launch, of a folder that is thrown away afterwards.
        answer: the type, or types, of the answer.
        patience: how many seconds it may take.
        failure: makes the error of a process that ended without its answer.

    Raises:
        YolopatchError: what `failure` makes, or upstream was imported from elsewhere than the request says.
    """
    heard: list[Answer] = []

    def take(message: object) -> None:
        if isinstance(message, UpstreamOpened) and isinstance(request, UpstreamRequest):
            check_origin(message.file, Path(request.workspace))
        elif isinstance(message, answer):
            heard.append(message)

    with _thrown_away() as folder:
        failed = run_task(task, request, launch(folder), folder, take, patience=patience, answered=lambda: bool(heard))
        if failed:
            raise failure(failed)
    return heard[0]


@contextmanager
def _thrown_away() -> Iterator[Path]:
    # what a killed process started may still write there for a moment
    with tempfile.TemporaryDirectory(prefix="yolopatch-probe-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def check_origin(file: str, workspace: Path) -> None:
    """Refuse an upstream that was imported from elsewhere than the workspace.

    Raises:
        YolopatchError: it was.
    """
    if not Path(file).resolve().is_relative_to(workspace.resolve()):
        raise YolopatchError(
            f"upstream was imported from {file}, not from {workspace}",
            hint="an installed copy shadows the workspace: uninstall it, or name another --python",
        )


def _failure(what: str, failed: Failed) -> YolopatchError:
    code, log = failed.ended.code, failed.log
    words = [_ESCAPES.sub("", line) for line in failed.lines]
    how = f"was killed (signal {-code})" if code < 0 else f"ended with exit code {code}"
    hint = f"the whole log: {log}"
    if failed.ended.was_killed:
        hint = "out of memory? try a smaller --scale, or --set batch=2 (batch_size=2 for yolov5)"
    elif is_disk_full(words) or shutil.disk_usage(log.parent).free < _NO_SPACE:
        hint = FREE_SOME_SPACE
    elif any("out of memory" in line for line in words):
        hint = "the GPU's memory is too small: try --set batch=2, a smaller --scale, or --device cpu"
    return YolopatchError(f"{what} {how}", details=[*words, f"log: {log}"], hint=hint)
