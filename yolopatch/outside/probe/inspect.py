"""Get an interpreter's packages and GPUs."""

from __future__ import annotations

from typing import Any

from yolopatch.catalog.environment.needs import modules_of_pins
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import find_executable
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.probe.launch import interpreter_launch
from yolopatch.outside.probe.listen import TOO_LONG
from yolopatch.outside.probe.run import Answer, Failed, ask
from yolopatch.wire.interpreters import GpusAnswer, GpusRequest, InterpreterAnswer, InterpreterRequest
from yolopatch.wire.tasks import GPUS, INTERPRETER, Task

_PATIENCE = 60  # seconds; it takes 0.1 s, and a few seconds from a cold disk
_GPU_PATIENCE = 120  # seconds; importing torch from a cold disk is slow
_SHOWN = 5  # of the last lines of output
_UPSTREAMS = ("ultralytics", "yolov5")  # an installed copy may hide a workspace


def inspect_interpreter(executable: str) -> Interpreter:
    """Return the interpreter with its packages, as it reports them itself.

    Raises:
        YolopatchError: the interpreter does not exist, cannot be started, or is too old.
    """
    path = find_executable(executable)
    answer = _ask(
        path, INTERPRETER, InterpreterRequest((*modules_of_pins(), *_UPSTREAMS)), InterpreterAnswer, _PATIENCE
    )
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
        f"{path} cannot report its packages: it is not Python 3.8 or newer, or it is broken",
        details=failed.lines[-_SHOWN:],
        hint="name the python of a working environment with --python",
    )
