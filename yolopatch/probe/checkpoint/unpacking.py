"""Make a checkpoint of upstream's out of a packed file."""

import torch

from ...wire.checkpoint_keys import STAMP
from ...wire.checkpoints import UnpackAnswer
from ...wire.messages import Step
from .frozen import build, digest, freezable, kernels, same_bits
from .packed import read_packed, unpacked_state
from .saving import load_as_upstream, name_classes, save_as_upstream


@torch.no_grad()
def unpack(upstream, request, emit):
    """Write the checkpoint, and answer with how many layers and tensors it has, and the digest of its kernels.

    Args:
        upstream: see upstreams.
        request: the packed file, and where to write.
        emit: takes each Step that begins, and the UnpackAnswer.

    Raises:
        Refusal: the file is no packed one, or is not of this workspace.
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
    emit(Step("loading it as upstream does"))
    loaded = load_as_upstream(upstream, request.out, "cpu")
    found = kernels(freezable(loaded))
    _require_same(expected, found)
    _require_same({name: tensor.float() for name, tensor in content["state"].items()}, _floats(loaded))
    emit(UnpackAnswer(len(found), len(content["state"]), digest(found)))


def _keep_types(model, state):
    """Give each tensor of the model the type that it has in the file."""
    for module_name, module in model.named_modules():
        for name, tensor in (*module._parameters.items(), *module._buffers.items()):
            kept = state.get(f"{module_name}.{name}" if module_name else name)
            if tensor is not None and kept is not None:
                tensor.data = kept.clone()


def _floats(model):
    return {name: tensor.float() for name, tensor in model.state_dict().items()}


def _require_same(expected, found):
    wrong = [name for name in expected if name not in found or not same_bits(expected[name], found[name])]
    if wrong:
        raise RuntimeError(f"upstream loads other tensors than were packed: {len(wrong)}, first {wrong[0]}")
