"""Build the model of a YAML from the tree of a fork in a child process."""

from __future__ import annotations

from yolopatch.wire.fork.models import Built, ForkModelRequest, Unbuilt

PATIENCE = 300  # seconds for one model


def ask_model(request: ForkModelRequest, *, python: str, patience: float = PATIENCE) -> Built | Unbuilt:
    """Build and run the model of a YAML from a tree, away from the user's files.

    Args:
        request: the tree and the YAML.
        python: the interpreter with upstream's requirements.
        patience: after how many seconds the child is ended.

    Raises:
        YolopatchError: the interpreter does not start, or has no torch.
    """
    raise NotImplementedError
