"""Have the probe do one thing in a workspace that may take a while, and return what it answers."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.outside.checking import Watch
from yolopatch.outside.conversation import converse
from yolopatch.outside.interpreter import Interpreter


def answer(
    request: Mapping[str, object],
    workspace: Path,
    interpreter: Interpreter,
    *,
    steps: int,
    what: str,
    watch: Watch,
) -> dict:
    """Run one request of the probe's and return all that it told.

    Args:
        request: see the probe.
        workspace: whose upstream is imported.
        steps: how many steps the task tells.
        what: what is done, for messages: `packing`.
        watch: told of each step.

    Raises:
        YolopatchError: the probe refused, and says why, or failed.
    """
    told: dict = {}
    seen = 0

    def take(event: dict) -> None:
        nonlocal seen
        told.update(event)
        if "step" in event:
            seen += 1
            watch(event["step"], seen, steps)

    with tempfile.TemporaryDirectory(prefix="yolopatch-") as folder:
        converse(request, workspace, Path(folder) / "probe", interpreter, take=take, what=what)
    if "refused" in told:
        said = told["refused"]
        raise YolopatchError(said["what"], details=[*said["details"], "nothing was written"], hint=said["hint"])
    return told
