"""Run one task of the probe and get its answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from yolopatch.core.environment.secrets import hide_secrets
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.environment.upstream_settings import upstream_variables
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.system_errors import advice, missing_room, named_full_in
from yolopatch.outside.probe.elsewhere import where_to_get
from yolopatch.outside.probe.launch import Launch
from yolopatch.outside.probe.listen import TOO_LARGE, TOO_LONG, Ended, listen
from yolopatch.outside.probe.process import Process
from yolopatch.outside.watch import Watch
from yolopatch.wire import shell
from yolopatch.wire.messages import NotBuilt, Refused, Step, UpstreamOpened, UpstreamRequest
from yolopatch.wire.tasks import Task

Answer = TypeVar("Answer")
_STEP = 3600  # seconds for one step; the longest, a transplant of an x model on images of 1280, takes minutes
_MADE_TO_HARM = "a file of an unknown author may be made to hang or to fill the memory"
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class ModelError(YolopatchError):
    """Upstream could not build or run a model; `model` is what the probe says of it."""

    def __init__(self, model: NotBuilt, workspace: Path) -> None:
        where = [f"where: {workspace / model.at}"] if model.at else []
        super().__init__(
            f"{Path(model.cfg).name} does not build: {model.why}",
            details=[*where, model.exception],
            hint=(where_to_get(workspace, model.unknown) if model.unknown else "") or model.hint,
        )
        self.model = model


@dataclass(frozen=True)
class Failed:
    """A process that ended without all its answers: how it ended, its last lines, and the file of its log."""

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
    """Run a task to its end; return how it failed, None if it did not fail.

    Args:
        task: the task.
        request: its request.
        launch: how to start the process.
        folder: an empty folder for the log.
        take: called with each message.
        patience: how many seconds the process may be silent; None for no limit.
        look: called regularly while it runs.
        answered: whether all expected answers have come; without them, a process with exit code 0 has failed, too.
    """
    with Process(task, request, launch, folder) as process:
        ended = listen(process, take, patience=lambda: patience, look=look)
        if ended is None or (ended.code == 0 and not ended.why and answered()):
            return None
        lines = tuple(hide_secrets(line, launch.variables) for line in process.last_output())
        return Failed(ended, lines, process.log)


def run_in_workspace(
    task: Task[Any],
    request: object,
    workspace: Path,
    interpreter: Interpreter,
    folder: Path,
    take: Callable[[Any], None],
    *,
    what: str,
    patience: float | None = None,
    look: Callable[[], None] = lambda: None,
    answered: Callable[[], bool] = lambda: True,
    keeps_log: bool = False,
    variables: Mapping[str, str] = _NO_VARIABLES,
) -> None:
    """Run a task in the workspace, in the same way as a user runs upstream there.

    Args:
        task, request: the task and its request.
        workspace: its upstream is imported, and the process starts in it.
        interpreter: an interpreter with upstream's requirements.
        folder: a new folder for the log.
        take: called with each message.
        what: the name of the task in error messages: `training`.
        patience, look, answered: as for `run_task`.
        keeps_log: whether the folder stays, so that the user can read the log in it.
        variables: further environment variables.

    Raises:
        YolopatchError: the process failed; the last lines of its output are in `details`.
    """
    folder.mkdir(parents=True)
    launch = Launch(interpreter.executable, workspace, {**upstream_variables(workspace, interpreter), **variables})
    failed = run_task(task, request, launch, folder, take, patience=patience, look=look, answered=answered)
    if failed:
        raise _failure(what, failed, failed.log if keeps_log else None, _doctor(workspace, interpreter))


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
    """Run a task in the workspace that reports its steps, and return its answer.

    Args:
        task, request, workspace, interpreter, what: as for `run_in_workspace`.
        answer: the type of the answer.
        watch: called when a step starts.
        steps: the number of steps.

    Raises:
        ModelError: a model of the request does not build.
        YolopatchError: the probe refused the request, or failed.
    """
    heard: list[Answer] = []
    errors: list[YolopatchError] = []
    begun: list[Step] = []

    def take(message: object) -> None:
        if isinstance(message, Step):
            begun.append(message)
            watch(message.name, len(begun), steps)
        elif isinstance(message, Refused):
            details = [*message.details, "no checkpoint was written"]
            errors.append(YolopatchError(message.what, details=details, hint=message.hint))
        elif isinstance(message, NotBuilt):
            errors.append(ModelError(message, workspace))
        elif isinstance(message, answer):
            heard.append(message)

    with temporary_folder() as folder:
        run_in_workspace(
            task,
            request,
            workspace,
            interpreter,
            folder / "probe",
            take,
            what=what,
            patience=_STEP,
            answered=lambda: bool(heard or errors),
        )
    for error in errors:
        raise error
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
    """Run a task away from the user's files and return its answer.

    Args:
        task, request: the task and its request.
        launch: returns how to start the process, from a temporary folder.
        answer: the type, or types, of the answer.
        patience: how many seconds it may take.
        failure: returns the error for a process that ended without an answer.

    Raises:
        ModelError: a model of the request does not build.
        YolopatchError: the error of `failure`, the probe refused the request, or upstream was not imported from the
            requested workspace.
    """
    heard: list[Answer] = []
    errors: list[YolopatchError] = []

    def take(message: object) -> None:
        if isinstance(message, UpstreamOpened) and isinstance(request, UpstreamRequest):
            check_origin(message.file, Path(request.workspace))
        elif isinstance(message, NotBuilt) and isinstance(request, UpstreamRequest):
            errors.append(ModelError(message, Path(request.workspace)))
        elif isinstance(message, Refused):
            errors.append(YolopatchError(message.what, details=message.details, hint=message.hint))
        elif isinstance(message, answer):
            heard.append(message)

    with temporary_folder() as folder:
        failed = run_task(
            task, request, launch(folder), folder, take, patience=patience, answered=lambda: bool(heard or errors)
        )
        if failed:
            raise _too_large(failed) if failed.ended.why == TOO_LARGE else failure(failed)
    for error in errors:
        raise error
    return heard[0]


def _too_large(failed: Failed) -> YolopatchError:
    return YolopatchError(
        f"a child process was stopped: {_overstepped(failed.ended)}",
        details=[_ESCAPES.sub("", line) for line in failed.lines],
        hint="end other programs, or try a smaller --scale or --imgsz; " + _MADE_TO_HARM,
    )


def check_origin(file: str, workspace: Path) -> None:
    """Check that upstream was imported from the workspace.

    Raises:
        YolopatchError: it was imported from another path.
    """
    if not Path(file).resolve().is_relative_to(workspace.resolve()):
        raise YolopatchError(
            f"upstream was imported from {file}, not from {workspace}",
            hint="an installed copy is imported instead of the workspace: uninstall it, or name another --python",
        )


def _doctor(workspace: Path, interpreter: Interpreter) -> str:
    return shell.join(["yolopatch", "doctor", workspace, "--python", interpreter.executable])


def _failure(what: str, failed: Failed, kept: Path | None, doctor: str) -> YolopatchError:
    """Return the error of a process that failed; `kept` is its log, None where that is deleted with its folder."""
    if failed.ended.why == TOO_LARGE:
        return _too_large(failed)
    if failed.ended.why:
        return YolopatchError(
            f"{what} was stopped: {_overstepped(failed.ended)}",
            details=[_ESCAPES.sub("", line) for line in failed.lines],
            hint="look for an endless loop in the model's code; " + _MADE_TO_HARM,
        )
    code = failed.ended.code
    lines = [_ESCAPES.sub("", line) for line in failed.lines]
    how = f"was killed (signal {-code})" if code < 0 else f"ended with {failed.ended.in_words}"
    hint = f"the whole log: {kept}" if kept else f"find what would fail in this environment: {doctor}"
    if failed.ended.was_killed:
        hint = "out of memory? try a smaller --scale, or --set batch=2 (batch_size=2 for yolov5)"
    elif full := named_full_in(lines) or missing_room(failed.log.parent):
        hint = advice(full)
    elif any("out of memory" in line for line in lines):
        hint = "the GPU has too little memory: try --set batch=2, a smaller --scale, or --device cpu"
    return YolopatchError(f"{what} {how}", details=[*lines, *([f"log: {kept}"] if kept else [])], hint=hint)


def _overstepped(ended: Ended) -> str:
    if ended.why == TOO_LARGE:
        return f"it held more than {ended.limit:.1f} GB of memory"
    return (
        f"one step took more than {ended.limit:.0f} s" if ended.why == TOO_LONG else f"it printed {ended.limit:.0f} MB"
    )
