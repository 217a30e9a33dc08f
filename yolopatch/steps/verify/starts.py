"""Which copy of upstream the user's own commands import: a script, upstream's command, the processes of DDP.

Measured on every pin: upstream's DDP writes a script into its settings folder and starts that, so that the folder in
which the user stands, or in which their script is, is not on the path.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.probe.inspect import find_imports
from yolopatch.outside.workspace.checkout import Checkout
from yolopatch.wire import shell
from yolopatch.wire.python.interpreters import ImportsRequest
from yolopatch.wire.verification import Start, Starts

_INSTALLABLE = ("pyproject.toml", "setup.py")
_NAMES = {"ultralytics": "ultralytics", "yolov5-package": "yolov5"}  # a clone of yolov5 has `models` and `utils`


def find_starts(checkout: Checkout, interpreter: Interpreter) -> Starts:
    """Ask the interpreter, with the user's own variables, what each way to start this upstream would import."""
    name, root = _NAMES.get(checkout.style, "models"), str(checkout.path)
    ways = tuple(_ways(checkout, interpreter))
    appended = root if name == "models" else ""  # by the clone's own scripts
    request = ImportsRequest(name, tuple(folder for _, folder in ways), appended)
    try:
        files = find_imports(interpreter.executable, request, checkout.path)
    except YolopatchError as error:  # of a PYTHONPATH that breaks Python, say: all other checks can run
        return Starts(name, (), "", "; ".join((error.what, *error.details)))
    starts = tuple(Start(how, file) for (how, _), file in zip(ways, files))
    return Starts(name, starts, _remedy(checkout.path, interpreter, starts))


def _ways(checkout: Checkout, interpreter: Interpreter) -> Iterator[tuple[str, str]]:
    """Yield each way, and the folder of the script that it runs; "" for one in which there are no modules."""
    root = checkout.path
    if checkout.style == "yolov5":
        yield "with `python train.py`", str(root)
        yield "with `torch.distributed.run train.py`", str(root)
        return
    command = "yolov5" if checkout.style == "yolov5-package" else "yolo"
    yield "with `python train.py` in its folder", str(root)
    if shutil.which(command, path=str(interpreter.bin)):
        yield f"with `{command}`", ""
    if checkout.style == "yolov5-package":
        yield "with `python yolov5/train.py`", str(root / "yolov5")
        yield "with `torch.distributed.run yolov5/train.py`", str(root / "yolov5")
    else:
        yield "in the processes that DDP starts for several GPUs", ""


def _remedy(root: Path, interpreter: Interpreter, starts: tuple[Start, ...]) -> str:
    """Return the command after which all ways import the checkout: an installation, where nothing hides it."""
    listed = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    hidden = any(Path(start.file).is_relative_to(root / entry) for start in starts for entry in listed if start.file)
    if any((root / name).is_file() for name in _INSTALLABLE) and not hidden:
        return shell.join((interpreter.executable, "-m", "pip", "install", "--no-deps", "-e", root.resolve()))
    return shell.set_variable("PYTHONPATH", str(root.resolve()))
