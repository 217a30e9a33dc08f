"""What went wrong outside of parse_model and of the layers: in upstream's code around them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from ...explain.cause import Cause
from ...explain.causes import known_cause
from ...explain.in_place import changed_in_place
from ...explain.raising import frames_of, raised
from ...protocol.findings import Finding, failed
from ...tensors.tensors import image, tensors
from ..keys import FIX_THE_FILE
from ..subject import SIDE, Subject
from .words import message

# upstream's functions that set the start of a head's biases, by the names of its own head's layers
_SETTING_BIASES = ("_initialize_biases", "bias_init")


def elsewhere(subject: Subject, error: BaseException, evidence: dict[str, Any]) -> Finding:
    """Explain an exception before the first layer was made, or after the last."""
    try:
        data = subject.data
    except Exception:  # any error of reading the file: it is the one to explain
        data = {}
    if not data:
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return failed(f"{subject.cfg.name} is no model YAML: {text}", FIX_THE_FILE, **evidence)
    scales = data.get("scales")
    if scales and subject.scale and subject.scale not in scales:
        return failed(
            f"the file has no scale {subject.scale}: it has {', '.join(map(str, scales))}",
            f"ask for another with --scale, or add a row for {subject.scale} to its scales",
            **evidence,
        )
    measured = _unmeasured_head(error)
    if measured:
        return failed(measured.what, measured.remedy, **evidence)
    known = changed_in_place(error, lambda: subject.model, lambda: _go_back(subject)) or known_cause(None, error)
    if known:
        return failed(known.what, known.remedy, **evidence)
    return failed(
        f"it raised {type(error).__name__}: {message(error)}",
        f"look at {evidence['at']}" if evidence["at"] else "see the traceback: no line of it is in the workspace",
        **evidence,
    )


def _go_back(subject: Subject) -> None:
    """Run a model in train mode, and go back through it, as when a module is tried."""
    model = subject.model.train()
    found = tensors(model(image(model, 2 * SIDE, batch=2)))
    torch.autograd.backward(sum((one.float().pow(2).mean() for one in found), start=torch.zeros(())))


def _unmeasured_head(error: BaseException) -> Cause | None:
    """Return what is wrong with a head that upstream ran to measure its strides, and that returned something else."""
    frames = frames_of(error)
    maker = next((f for f in frames if f.f_code.co_name == "__init__" and _has_layers(f.f_locals.get("self"))), None)
    if maker is None:
        return None
    model: Any = maker.f_locals["self"]
    returned: list[object] = []
    head = model.model[-1]
    hook = head.register_forward_hook(lambda layer, args, output: returned.append(output))
    with torch.no_grad(), suppress(Exception):  # only what the head returns is needed
        model.train()(image(model, 2 * SIDE))
    hook.remove()
    if not returned:
        return None
    name, line = type(head).__name__, raised(None, error).line
    if any(frame.f_code.co_name in _SETTING_BIASES for frame in frames):
        return Cause(
            f"upstream cannot set the biases of layer {head.i} ({name}), which has other layers than its own head: "
            f"{line} raises {type(error).__name__}: {message(error)}",
            f"give {name} the layers that this line reads, as upstream's own head has them, or edit the line: the "
            "posts of such heads say how",
        )
    return Cause(
        f"upstream cannot measure the strides of layer {head.i} ({name}): in training it returns {_form(returned[0])}, "
        f"and {line} raises {type(error).__name__}: {message(error)}",
        f"let {name} return in training what upstream's own head returns, or edit that line: upstream takes the maps "
        "out of a tuple only for subclasses of its own heads that return one",
    )


def _has_layers(value: object) -> bool:
    """Return whether a value is a model whose layers are all made."""
    layers = getattr(value, "model", None)
    return isinstance(layers, nn.Sequential) and hasattr(layers[-1], "i")


def _form(value: object) -> str:
    """Return what a value is made of, in short: `tuple(list, Tensor)`."""
    kind = type(value).__name__
    if isinstance(value, Mapping):
        return f"{kind}({', '.join(map(str, value))})"
    if isinstance(value, (list, tuple)):
        return f"{kind}({', '.join(type(one).__name__ for one in value)})"
    return kind
