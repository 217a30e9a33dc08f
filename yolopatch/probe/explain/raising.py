"""Where a model's code raised an exception: the module, the line, and upstream's loop over the layers."""

from __future__ import annotations

import linecache
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import FrameType

from torch.nn import Module

_RUNNERS = ("_predict_once", "_forward_once", "forward_once")  # upstream's loops over the layers
# an environment may see the libraries of another one, too
_LIBRARIES = (
    str(Path(sysconfig.get_path("stdlib")).resolve()),
    *(str(Path(path).resolve()) for path in sys.path if Path(path).name in ("site-packages", "dist-packages")),
)
_PROBE = str(Path(__file__).resolve().parents[1])


@dataclass(frozen=True)
class Raised:
    """An exception, and where it was raised.

    Attributes:
        error: the exception.
        name: the dotted name of the innermost module of the model in the traceback; empty where it has none.
        module: that module, None where there is none.
        line: the innermost line that is no library's, as `block.py:12 in forward`; empty where there is none.
        runner: the frame of upstream's loop over the layers, None where the loop did not run.
    """

    error: BaseException
    name: str
    module: Module | None
    line: str
    runner: FrameType | None

    @property
    def layer(self) -> str:
        """The layer that the loop was at, `layer 3 (Conv)`; empty where the loop did not run."""
        current = self.runner.f_locals.get("m") if self.runner else None
        index = getattr(current, "i", None)
        return "" if index is None else f"layer {index} ({type(current).__name__})"

    @property
    def function(self) -> str:
        """The name of the function of `line`."""
        return self.line.rpartition(" in ")[2]


def raised(model: Module | None, error: BaseException) -> Raised:
    """Find where an exception was raised.

    Args:
        model: the model whose code raised it; None where it was not built.
        error: the exception, with its traceback.
    """
    names = {} if model is None else {id(module): name for name, module in model.named_modules()}
    name, module, line, runner = "", None, "", None
    for frame, number in _frames(error):
        owner = frame.f_locals.get("self")
        if isinstance(owner, Module) and (model is None or names.get(id(owner))):
            name, module = names.get(id(owner), ""), owner
        if frame.f_code.co_name in _RUNNERS:
            runner = frame
        if is_users(frame.f_code.co_filename):
            line = line_of(frame, number)
    return Raised(error, name, module, line, runner)


def line_of(frame: FrameType, number: int) -> str:
    """Return a line of a frame as messages show it: `block.py:12 in forward`."""
    return f"{Path(frame.f_code.co_filename).name}:{number} in {frame.f_code.co_name}"


def frames_of(error: BaseException) -> list[FrameType]:
    """Return the frames of an exception's own traceback, from the outside in."""
    return [frame for frame, _ in walk_tb(error.__traceback__)]


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """Yield the frames of a traceback from the outside in; those of its first cause, which knows the line, if any."""
    while error.__cause__ is not None:
        error = error.__cause__
    return walk_tb(error.__traceback__)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, then the one that it was raised for or from, and so on."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def line_in(root: Path, error: BaseException) -> str:
    """Return the innermost line of the traceback that is in a folder, `file:line in function`; "" where none is."""
    root, found = root.resolve(), ""
    for frame, line in walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_absolute() and file.resolve().is_relative_to(root):
            found = f"{file.resolve().relative_to(root).as_posix()}:{line} in {frame.f_code.co_name}"
    return found


def edited_line(root: Path, unchanged: Path, error: BaseException) -> str:
    """Return the innermost line of the traceback that the unchanged upstream does not have; "" where it has them all.

    Args:
        root: the folder of the checkout.
        unchanged: that of the unchanged upstream.
        error: the exception.
    """
    root, found = root.resolve(), ""
    for frame, line in walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if not file.is_absolute() or not file.resolve().is_relative_to(root) or not is_users(str(file)):
            continue
        path = file.resolve().relative_to(root)
        text = linecache.getline(str(file), line).strip()
        if text not in _lines_of(unchanged / path):
            found = f"{path.as_posix()}:{line} in {frame.f_code.co_name}"
    return found


def _lines_of(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    return {line.strip() for line in text.splitlines()}


def is_users(file: str) -> bool:
    """Return whether a file is upstream's or the user's, and not a library's or the probe's."""
    path = Path(file)
    return path.is_absolute() and not str(path.resolve()).startswith((*_LIBRARIES, _PROBE))


def users_line() -> str:
    """Return the innermost line that is running and is no library's; "" where none is."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if is_users(frame.f_code.co_filename):
            return line_of(frame, frame.f_lineno)
        frame = frame.f_back
    return ""


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's message."""
    return (str(error).strip().splitlines() or ["no message"])[0]
