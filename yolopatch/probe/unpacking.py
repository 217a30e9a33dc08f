"""Make a checkpoint of upstream's out of a packed file."""

import torch

from frozen import build, digest, freezable, kernels, same_bits
from packed import read_packed, unpacked_state
from saving import load_as_upstream, name_classes, save_as_upstream
from stored import STAMP


@torch.no_grad()
def unpack(upstream, request, emit):
    """Tell `unpacked`: how many layers and tensors, and the digest of the kernels as upstream loads them.

    Args:
        upstream: see upstreams.
        request: `weights` (the packed file) and `out` (where to write).
        emit: told of each step that begins, and of the result, as one dict each.

    Raises:
        Refusal: the file is no packed one, or is not of this workspace.
    """
    emit({"step": "reading the packed file"})
    content = read_packed(request["weights"])
    emit({"step": "building the model"})
    state = unpacked_state(content)
    model = build(upstream, content["yaml"], state)
    expected = kernels(freezable(model))
    _keep_types(model, state)
    name_classes(model, content.get("names"))
    emit({"step": "writing"})
    stamp = {STAMP: content[STAMP]} if STAMP in content else {}
    save_as_upstream(upstream, model, request["out"], half=False, **{**content["content"], **stamp})
    emit({"step": "loading it as upstream does"})
    loaded = load_as_upstream(upstream, request["out"], "cpu")
    found = kernels(freezable(loaded))
    _require_same(expected, found)
    _require_same({name: tensor.float() for name, tensor in content["state"].items()}, _floats(loaded))
    emit({"unpacked": {"layers": len(found), "tensors": len(content["state"]), "digest": digest(found)}})


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
