"""Run the probe: a child process in which upstream's code runs, never in ours."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.catalog.modules import is_class
from yolopatch.catalog.pins import Pin
from yolopatch.errors import YolopatchError
from yolopatch.outside.surroundings import child_environment

PROBE = Path(__file__).resolve().parent.parent / "probe"
TIMEOUT = 600  # seconds for one request; an x model builds, runs and counts in under a minute here


@dataclass(frozen=True)
class Question:
    """A model to build: a YAML, a scale (None: upstream's choice), and what to ask about it."""

    cfg: str
    scale: str | None
    ask: tuple[str, ...] = ()


def ask(
    workspace: Path,
    pin: Pin,
    questions: Sequence[Question],
    *,
    imgsz: int = 640,
    python: str = sys.executable,
    settings: Path | None = None,
    timeout: float = TIMEOUT,
) -> list[dict]:
    """Build models in a child process and return the facts about each.

    Args:
        workspace: the folder whose upstream is imported.
        questions: what to build and ask.
        imgsz: side of the square image in pixels.
        python: the interpreter that has upstream's requirements.
        settings: where upstream may keep its settings; default is a folder that is thrown away.
        timeout: seconds, after which the child is ended.

    Raises:
        YolopatchError: the child crashed, hung, or imported another upstream than the workspace's.
    """
    request = {
        "task": "facts",
        "workspace": str(workspace),
        "style": style_of(pin),
        "imgsz": imgsz,
        "models": [asdict(question) for question in questions],
    }
    answered = exchange(
        request, python, settings, timeout, lambda code, output: _failed(code, output, python, pin.model)
    )
    return answered["models"]


def exchange(
    request: Mapping[str, object],
    python: str,
    settings: Path | None,
    timeout: float,
    failed: Callable[[int, str], YolopatchError],
) -> dict:
    """Send one request to a child process and return its one answer.

    Args:
        request: see the probe.
        python, settings, timeout: as `ask` has them.
        failed: makes the error of a child that gave no answer, of its exit code and what it printed.

    Raises:
        YolopatchError: what `failed` makes; or the child hung, or imported another upstream than the workspace's.
    """
    with tempfile.TemporaryDirectory(prefix="yolopatch-probe-") as folder:
        asked, answer = Path(folder) / "request.json", Path(folder) / "answer.json"
        asked.write_text(json.dumps(request))
        command = [find_interpreter(python), str(PROBE), str(asked), str(answer)]
        environment = child_environment(settings or Path(folder) / "settings", command[0])
        code, output = _run(command, folder, environment, timeout)
        if code or not answer.is_file():
            raise failed(code, output)
        answered = json.loads(answer.read_text())
    _check_origin(answered["upstream_file"], Path(str(request["workspace"])))
    return answered


def style_of(pin: Pin) -> str:
    """Return how the probe imports the pin's upstream: `ultralytics`, `yolov5` or `yolov5-package`."""
    if pin.layout.style == "yolov5" and pin.layout.package:
        return "yolov5-package"
    return pin.layout.style


def find_interpreter(python: str) -> str:
    """Return the path of the interpreter, wherever it is started from.

    Raises:
        YolopatchError: there is none.
    """
    found = shutil.which(python)
    if found is None:
        raise YolopatchError(f"there is no interpreter {python}", hint="name one with --python")
    return os.path.abspath(found)  # links are kept: a virtual environment is known by its own


def not_started(python: str, error: OSError) -> YolopatchError:
    """Return the error of an interpreter that is there and cannot be run."""
    return YolopatchError(f"{python} cannot be started: {error.strerror}", hint="name another one with --python")


def _run(command: list[str], folder: str, environment: dict[str, str], timeout: float) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise YolopatchError(
            f"the model did not build or load in {timeout:.0f} s, and the process was stopped",
            hint="try a smaller scale, or look for a loop in the model's code",
        ) from error
    except OSError as error:
        raise not_started(command[0], error) from error
    return done.returncode, done.stdout


def _failed(code: int, output: str, python: str, model: str) -> YolopatchError:
    lines = [line for line in output.splitlines() if line.strip()][-8:]
    hint = "the lines above are upstream's own"
    missing = re.search(r"(?:KeyError: |NameError: name )'(\w+)'", lines[-1] if lines else "")
    if missing and is_class(missing.group(1)):
        hint = f"the workspace lacks {missing.group(1)}: yolopatch apply adds its module, if the file is for {model}"
    elif any("No module named" in line for line in lines):
        hint = requirements_hint(python)
    return YolopatchError(f"the model did not build: {python} exited with {code}", details=lines, hint=hint)


def requirements_hint(python: str) -> str:
    """Return what to do where the interpreter lacks a package."""
    return f"install upstream's requirements for {python}, or name another interpreter with --python"


def _check_origin(file: str, workspace: Path) -> None:
    if not Path(file).resolve().is_relative_to(workspace.resolve()):
        raise YolopatchError(
            f"upstream was imported from {file}, not from {workspace}",
            hint="an installed copy shadows the workspace: uninstall it, or name another --python",
        )
