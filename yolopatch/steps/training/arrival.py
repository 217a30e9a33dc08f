"""Whether a training starts from the weights that it was given."""

from __future__ import annotations

from pathlib import Path

from yolopatch.errors import YolopatchError
from yolopatch.wire import shell
from yolopatch.wire.training import Arrived

_SHOWN = 5


def require_arrived(arrived: Arrived, workspace: Path) -> None:
    """Check that the trainer's model had the checkpoint's weights at its first step.

    Raises:
        YolopatchError: some tensors are others; this stops the training.
    """
    if arrived.differing:
        raise YolopatchError(
            "upstream's trainer did not start from the checkpoint; the training was stopped at its first step",
            details=[
                f"expected: {arrived.tensors} tensors of the checkpoint",
                f"found:    {arrived.equal} of them; different: {', '.join(arrived.differing[:_SHOWN])}",
            ],
            hint=f"look for your changes of the trainer or the script: yolopatch status {shell.quote(workspace)}",
        )
