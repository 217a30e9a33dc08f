"""Ask an interpreter what it has."""

from __future__ import annotations

from typing import Any

from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import find_executable
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.probe.launch import interpreter_launch
from yolopatch.outside.probe.listen import TOO_LONG
from yolopatch.outside.probe.run import Answer, Failed, ask
from yolopatch.wire.interpreters import GpusAnswer, GpusRequest, InterpreterAnswer, InterpreterRequest
from yolopatch.wire.tasks import GPUS, INTERPRETER, Task

_PATIENCE = 60  # seconds; it takes a tenth of one, and a cold disk a few
_GPU_PATIENCE = 120  # seconds; importing torch from a cold disk takes many
_SHOWN = 5  # lines of what it said


def inspect_interpreter(executable: str) -> Interpreter:
    """Ask an interpreter what it has.

    Raises:
        YolopatchError: there is no such interpreter, it cannot be started, or it is no Python that could do.
    """
    path = find_executable(executable)
    answer = _ask(path, INTERPRETER, InterpreterRequest(), InterpreterAnswer, _PATIENCE)
    return Interpreter(**vars(answer), executable=path)


def list_gpus(executable: str) -> tuple[str, ...]:
    """Return the names of the CUDA devices that its torch sees. It imports torch, which takes seconds.

    Raises:
        YolopatchError: it has no torch, or its torch does not work.
    """
    return _ask(find_executable(executable), GPUS, GpusRequest(), GpusAnswer, _GPU_PATIENCE).names


def _ask(path: str, task: Task[Any], request: object, answer: type[Answer], patience: float) -> Answer:
    return ask(
        task,
        request,
        lambda folder: interpreter_launch(path, folder),
        answer,
        patience=patience,
        failure=lambda failed: _failure(path, failed),
    )


def _failure(path: str, failed: Failed) -> YolopatchError:
    if failed.ended.why == TOO_LONG:
        return YolopatchError(f"{path} did not answer in {failed.ended.limit:.0f} s", hint="name another --python")
    return YolopatchError(
        f"{path} cannot say what it has: it is no Python 3.8 or later, or is broken",
        details=failed.lines[-_SHOWN:],
        hint="name the python of a working environment with --python",
    )
