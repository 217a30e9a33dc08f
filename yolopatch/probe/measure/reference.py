"""What the base model and its loss are as the unchanged upstream has them, and as the workspace does."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import torch
from torch import Tensor

from ...wire.verification import ReferenceRequest
from ..build.subject import SIDE, Subject
from ..protocol.emit import Emit
from ..tensors.arithmetic import one_thread
from ..tensors.tensors import count_parameters, head_inputs, image, seed_all, tensors
from ..upstreams.upstream import Upstream
from .batches import task_batch
from .loss_values import LossFailed, describe_loss


def reference_data(subject: Subject) -> dict[str, Any]:
    """Return the parsed YAML that both upstreams build: the base, with the file's activation if it sets one.

    Upstream keeps an activation for every model that a process builds afterwards.
    """
    kept = {key: subject.data[key] for key in ("activation",) if key in subject.data}
    return {**subject.base_data, **kept}


def make_reference(upstream: Upstream, request: ReferenceRequest, emit: Emit) -> None:
    """Build the model that standard input asks for, and write what it is to the request's file.

    That is its description, see `describe`, and under `loss` that of its loss, see `measure.loss_values`.
    """
    asked = sys.stdin.read()
    if asked:
        data = json.loads(asked)
        torch.save({**describe(upstream, data), "loss": _loss(upstream, data)}, request.out)


def _loss(upstream: Upstream, data: dict[str, Any]) -> dict[str, Any]:
    """Return the description of the loss, with the text of the exception as its `error` where it raised."""
    try:
        return loss_of_base(upstream, data)
    except LossFailed as failure:
        return {"error": f"{type(failure.__cause__).__name__}: {failure.__cause__}"}


def loss_of_base(upstream: Upstream, data: dict[str, Any]) -> dict[str, Any]:
    """Return the description of the loss that upstream gives to a model, see `measure.loss_values.describe_loss`."""
    seed_all(0)
    return describe_loss(upstream, upstream.build(data), data)


def describe(upstream: Upstream, data: dict[str, Any]) -> dict[str, Any]:
    """Return a model's tensors by digest, its number of parameters, and its outputs for one image, seed 0.

    The outputs are the maps that the head gets and the maps that it computes: an end-to-end head sorts and cuts its
    detections, and rounding alone may change their order. RT-DETR's chooses its queries in train mode, too; one thread
    rounds the same everywhere.

    Returns:
        `tensors` (name: digest), `parameters` and `outputs`.
    """
    seed_all(0)
    model = upstream.build(data).eval()
    x = image(model, SIDE)
    batch = task_batch(upstream.task(data), model, int(data.get("nc", 80)), SIDE, count=1) or {}
    with torch.no_grad(), one_thread():
        inputs = head_inputs(model, x)
        model.model[-1].training = True  # of the head alone, not of its modules: it then returns its maps
        result = upstream.outputs(model, {**batch, "img": x})
    return {
        "tensors": {name: _digest(tensor) for name, tensor in model.state_dict().items()},
        "parameters": count_parameters(model),
        "outputs": [t.clone() for t in tensors((inputs, result))],
    }


def _digest(tensor: Tensor) -> str:
    data = tensor.detach().cpu().contiguous()
    return f"{tuple(data.shape)} {data.dtype} {hashlib.sha256(data.numpy().tobytes()).hexdigest()}"
