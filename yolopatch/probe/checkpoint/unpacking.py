"""Make a checkpoint of upstream's from a packed file."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ...wire.checkpoint_keys import STAMP
from ...wire.checkpoints import UnpackAnswer, UnpackRequest
from ...wire.messages import Step
from ..protocol.emit import Emit
from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream
from .frozen import build, digest, freezable, kernels, same_bits
from .packed import read_packed, unpacked_state
from .saving import load_as_upstream, name_classes, save_as_upstream


@torch.no_grad()
def unpack(upstream: Upstream, request: UnpackRequest, emit: Emit) -> None:
    """Write the checkpoint, and answer with its numbers of layers and tensors and the digest of its kernels.

    Args:
        upstream: the workspace's.
        request: the packed file, and where to write.
        emit: is called with each Step, then with the UnpackAnswer.

    Raises:
        Refusal: the file is not a packed file, or its model is not of this workspace.
    """
    emit(Step("reading the packed file"))
    content = read_packed(request.weights)
    emit(Step("building the model"))
    state = unpacked_state(content)
    model = build(upstream, content["yaml"], state)
    expected = kernels(freezable(model))
    _keep_types(model, state)
    name_classes(model, content.get("names"))
    emit(Step("writing"))
    stamp = {STAMP: content[STAMP]} if STAMP in content else {}
    save_as_upstream(upstream, model, request.out, half=False, **{**content["content"], **stamp})
    emit(Step("loading it by upstream's loader"))
    loaded = load_as_upstream(upstream, request.out, "cpu")
    found = kernels(freezable(loaded))
    _require_same(expected, found)
    _require_same({name: tensor.float() for name, tensor in content["state"].items()}, _floats(loaded))
    emit(UnpackAnswer(len(found), len(content["state"]), digest(found)))


def _keep_types(model: UpstreamModel, state: Mapping[str, Tensor]) -> None:
    """Give each tensor of the model the dtype that it has in the file."""
    for module_name, module in model.named_modules():
        for name, tensor in (*module._parameters.items(), *module._buffers.items()):
            kept = state.get(f"{module_name}.{name}" if module_name else name)
            if tensor is not None and kept is not None:
                tensor.data = kept.clone()


def _floats(model: UpstreamModel) -> dict[str, Tensor]:
    return {name: tensor.float() for name, tensor in model.state_dict().items()}


def _require_same(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    wrong = [name for name in expected if name not in found or not same_bits(expected[name], found[name])]
    if wrong:
        raise RuntimeError(f"upstream loads other tensors than were packed: {len(wrong)}, first {wrong[0]}")
