"""Load a checkpoint in the workspace by upstream's own loader, and say what came out."""

import hashlib
import sys

import torch

from saving import load_as_upstream


def load(upstream, request):
    """Return what upstream's loader makes of the request's `file`, which runs what the file's pickle names.

    `sum` is the sha256 of the pickle that was looked into before: another one is not loaded.

    Returns:
        `model` (its class), `layers` and `parameters` as upstream counts them, `classes` (their names), `not_finite`
        (the names of tensors with NaN or infinite values).
    """
    file = request["file"]
    found = hashlib.sha256(torch._C.PyTorchFileReader(file).get_record("data.pkl")).hexdigest()
    if found != request["sum"]:
        sys.exit("the checkpoint is not the one that was looked into: something has rewritten it since")
    model = load_as_upstream(upstream, file, torch.device("cpu"))
    info = upstream.info(model, 640)
    names = model.names
    return {
        "model": type(model).__name__,
        "layers": info["layers"],
        "parameters": info["parameters"],
        "classes": [str(name) for name in (names.values() if isinstance(names, dict) else names)],
        "not_finite": [name for name, tensor in model.state_dict().items() if not tensor.isfinite().all()],
    }
