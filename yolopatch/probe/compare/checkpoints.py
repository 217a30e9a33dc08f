"""The models of checkpoints, which are read as data."""

from __future__ import annotations

from typing import Any

from ...wire.messages import Refused
from ..checkpoint.base_checkpoint import load_state, read_with_model
from ..checkpoint.harmless import build_stored
from ..protocol.refusal import Refusal
from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream


def load_checkpoint(upstream: Upstream, file: str) -> tuple[UpstreamModel, dict[int, str] | None]:
    """Return the model of a checkpoint with its weights, and its classes' names. No code of the file is run.

    The names are None where the file holds none.

    Raises:
        Refusal: it holds no model, or not one that this workspace builds.
    """
    try:
        stored, data = read_with_model(file, "name best.pt or last.pt of a training, or compare the model's YAML")
        model = build_stored(upstream, data)
        load_state(model, stored.state)
    except Refusal as error:
        if not isinstance(error.message, Refused) or file in error.message.what:
            raise
        raise Refusal(error.message.what, f"file: {file}", *error.message.details, hint=error.message.hint) from error
    return model, _names(stored.names)


def _names(stored: Any) -> dict[int, str] | None:
    if not isinstance(stored, dict) or not all(isinstance(number, int) for number in stored):
        return None
    return {number: str(name) for number, name in stored.items()}
