"""Let the probe do something long in a workspace, and listen to it until it ends."""

from __future__ import annotations

import re
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.child import Child
from yolopatch.outside.git import FREE_SOME_SPACE, is_disk_full
from yolopatch.outside.interpreter import Interpreter
from yolopatch.outside.upstream_home import upstream_environment

_PAUSE = 0.2  # seconds between two looks at the child
_NO_SPACE = 2**20  # bytes free, with which the log may be cut off before it says why
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def converse(
    request: Mapping[str, object],
    workspace: Path,
    folder: Path,
    interpreter: Interpreter,
    *,
    take: Callable[[dict], None],
    what: str,
    look: Callable[[], None] = lambda: None,
) -> None:
    """Run one request of the probe's in the workspace, as upstream itself would be run there.

    Args:
        request: see the probe.
        workspace: whose upstream is imported, and where the child is started.
        folder: a new one, in which the child's log stays.
        take: told of each answer.
        what: what is done, for messages: `training`.
        look: called now and then while it goes on.

    Raises:
        YolopatchError: the child failed; its last words are in `details`.
    """
    folder.mkdir(parents=True)
    place = (workspace, upstream_environment(workspace, interpreter))
    with Child({"workspace": str(workspace), **request}, folder, interpreter.executable, place) as child:
        code = None
        while code is None:
            code = child.exit_code()  # first: what it wrote before it ended is read then
            for event in child.new_events():
                take(event)
            look()
            if code is None:
                time.sleep(_PAUSE)
        if code:
            raise _failed(what, code, [_ESCAPES.sub("", line) for line in child.last_words()], folder / "log")


def _failed(what: str, code: int, words: list[str], log: Path) -> YolopatchError:
    how = f"was killed (signal {-code})" if code < 0 else f"ended with exit code {code}"
    hint = f"the whole log: {log}"
    if code == -signal.SIGKILL:
        hint = "out of memory? try a smaller --scale, or --set batch=2 (batch_size=2 for yolov5)"
    elif is_disk_full(words) or shutil.disk_usage(log.parent).free < _NO_SPACE:
        hint = FREE_SOME_SPACE
    elif any("out of memory" in line for line in words):
        hint = "the GPU's memory is too small: try --set batch=2, a smaller --scale, or --device cpu"
    return YolopatchError(f"{what} {how}", details=[*words, f"log: {log}"], hint=hint)
