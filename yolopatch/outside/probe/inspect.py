"""Get an interpreter's packages and GPUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yolopatch.catalog.environment.needs import modules_of_pins
from yolopatch.core.environment.device import CPU, MPS, upstreams_device
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import find_executable, requirements_hint
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.probe.launch import Launch, interpreter_launch, users_launch
from yolopatch.outside.probe.listen import TOO_LONG
from yolopatch.outside.probe.run import Answer, Failed, ask
from yolopatch.wire.python.interpreters import (
    GpusAnswer,
    GpusRequest,
    ImportsAnswer,
    ImportsRequest,
    InterpreterAnswer,
    InterpreterRequest,
)
from yolopatch.wire.tasks import GPUS, IMPORTS, INTERPRETER, Task

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


def find_imports(executable: str, request: ImportsRequest, place: Path) -> tuple[str, ...]:
    """Return the file that each script would import, started by the user in this folder; "" where it finds none.

    Raises:
        YolopatchError: the interpreter does not start with the user's variables.
    """
    path = find_executable(executable)
    launch = users_launch(path, place)
    return _ask(path, IMPORTS, request, ImportsAnswer, _PATIENCE, launch).files


def list_gpus(executable: str) -> tuple[str, ...]:
    """Return the names of the CUDA devices that its torch sees. It imports torch, which takes seconds.

    Raises:
        YolopatchError: it has no torch, or its torch does not work.
    """
    return _gpus(executable).names


def require_device(
    device: str, executable: str, who: str = "--device asks for", without_gpu: str = f"--device {CPU}"
) -> None:
    """Check that the interpreter's torch has a device. For any but the CPU it imports torch, which takes seconds.

    Args:
        device: torch's name of it.
        executable: the interpreter.
        who: the start of the message: who asks for the device.
        without_gpu: what to do where torch finds no GPU at all.

    Raises:
        YolopatchError: torch does not have it, the interpreter has no torch, or its torch does not work.
    """
    if device == CPU:
        return
    found = _gpus(executable)
    have = [f"cuda:{number}" for number in range(len(found.names))] + [MPS] * found.mps
    if device not in have:
        names = [f"{number} ({name})" for number, name in enumerate(found.names)] + [MPS] * found.mps
        raise YolopatchError(
            f"{who} {device}, but torch finds {', '.join(names) or 'no GPU'}; nothing was started",
            details=[f"python: {executable}"],
            hint=f"--device {upstreams_device(have[0])}" if have else without_gpu,
        )


def _gpus(executable: str) -> GpusAnswer:
    return _ask(find_executable(executable), GPUS, GpusRequest(), GpusAnswer, _GPU_PATIENCE)


def _ask(
    path: str, task: Task[Any], request: object, answer: type[Answer], patience: float, launch: Launch | None = None
) -> Answer:
    return ask(
        task,
        request,
        lambda folder: launch or interpreter_launch(path, folder),
        answer,
        patience=patience,
        failure=lambda failed: _failure(path, failed),
    )


def _failure(path: str, failed: Failed) -> YolopatchError:
    if failed.ended.why == TOO_LONG:
        return YolopatchError(f"{path} did not answer in {failed.ended.limit:.0f} s", hint="name another --python")
    if any("No module named" in line for line in failed.lines):
        return YolopatchError(f"{path} has no torch", details=failed.lines[-1:], hint=requirements_hint(path))
    return YolopatchError(
        f"{path} cannot report its packages: it is not Python 3.8 or newer, or it is broken",
        details=failed.lines[-_SHOWN:],
        hint="name the python of a working environment with --python",
    )
