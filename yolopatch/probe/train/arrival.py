"""Whether a training really starts from its checkpoint: compare the tensors at the first step.

Upstream's trainers build a new model from the YAML and load the tensors that fit; the others are dropped without a
message.
"""

from __future__ import annotations

import hashlib
import importlib
from typing import Any

import torch.nn as nn
from torch import Tensor

from ...wire.training import Arrived
from ..checkpoint.stored import read_stored
from ..protocol.emit import Emit
from ..tensors.half import as_half
from ..upstreams.upstream import Upstream

_FITTED = ("anchors",)  # v6.1 always fits them to the data before training


def compare_arrived(model: nn.Module, file: str) -> Arrived:
    """Return how many tensors of a checkpoint a model holds, and which differ.

    They are compared by hash, in float32 or rounded to float16: v6.1 rounds every weight before it trains.
    """
    stored, found = read_stored(file).state, model.state_dict()
    wanted = {name: tensor for name, tensor in stored.items() if name.rpartition(".")[2] not in _FITTED}
    differing = [name for name, tensor in wanted.items() if name not in found or not _same(found[name], tensor)]
    return Arrived(len(wanted), len(wanted) - len(differing), differing)


def _same(found: Tensor, tensor: Tensor) -> bool:
    return _digest(found) in (_digest(tensor), _digest(as_half(tensor)))


def _digest(tensor: Tensor) -> tuple[tuple[int, ...], str]:
    values = tensor.detach().cpu()
    values = values.float() if values.is_floating_point() else values
    return tuple(values.shape), hashlib.sha256(values.contiguous().numpy().tobytes()).hexdigest()


def watch_ultralytics(upstream: Upstream, file: str, emit: Emit) -> None:
    """Make upstream's trainer send Arrived before the first batch."""
    callbacks = importlib.import_module("ultralytics.utils.callbacks.base").default_callbacks
    sent = False

    def send(trainer: Any) -> None:
        nonlocal sent
        if not sent:
            sent = True
            emit(compare_arrived(getattr(trainer.model, "module", trainer.model), file))

    callbacks["on_train_batch_start"].append(send)


def watch_yolov5(upstream: Upstream, file: str, emit: Emit) -> None:
    """Make v6.1 send Arrived when it creates its loss, the last step before the first batch."""
    module = importlib.import_module(f"{upstream.prefix}train")
    original = module.ComputeLoss

    def send_and_create(model: Any, *others: Any) -> Any:
        emit(compare_arrived(getattr(model, "module", model), file))
        setattr(module, "ComputeLoss", original)  # noqa: B010  a module has no declared attributes
        return original(model, *others)

    setattr(module, "ComputeLoss", send_and_create)  # noqa: B010  as above
