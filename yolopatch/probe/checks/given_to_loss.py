"""What a head gives to upstream's loss while it trains, beside what the base's head gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from ..build.subject import Subject
from ..explain.cause import Cause
from ..explain.raising import first_line, frames_of, raised
from ..measure.batches import make_batch
from ..tensors.models import UpstreamModel
from ..tensors.tensors import layer_name

_OF_LOSS = ("loss", "loss_of")  # the functions of `Upstream` that compute it
_SHOWN = 4  # parts of a list


def not_taken(subject: Subject, error: BaseException) -> Cause | None:
    """Return the cause of an exception of upstream's loss, if the head gives it another structure than the base's.

    None where a layer raised it, or where the head gives what the base's gives.
    """
    if not _is_of_loss(error):
        return None
    found = other_form(subject)
    if found is None:
        return None
    given, wanted = found
    line = raised(None, error).line
    name = layer_name(subject.model, len(subject.rows) - 1)
    return Cause(
        f"{name} returns {given} in training, where upstream's own head returns {wanted}, and its loss cannot take it: "
        f"{line} raises {type(error).__name__}: {first_line(error)[:120]}",
        f"let the forward of {subject.rows[-1].module} return in training what upstream's own head returns, or train "
        "it with a loss of its own in upstream's place",
    )


def other_form(subject: Subject) -> tuple[str, str] | None:
    """Return what the head and the base's head give in training, in words; None where both give the same."""
    batch = make_batch(subject)
    if batch is None or subject.found_base is None:
        return None
    try:
        own = _outputs(subject, subject.fresh(), batch)
        base = _outputs(subject, subject.fresh_base(), batch)
    except Exception:  # any exception of the model's code; other checks report it
        return None
    maps = (len(subject.rows[-1].sources), len(subject.base_rows[-1].sources))
    if _skeleton(own, maps[0]) == _skeleton(base, maps[1]):
        return None
    return form(own), form(base)


def _outputs(subject: Subject, model: UpstreamModel, batch: dict[str, Any]) -> Any:
    with torch.no_grad():
        return subject.upstream.outputs(model.train(), batch)


def _is_of_loss(error: BaseException) -> bool:
    """Return whether upstream's loss raised an exception, and no layer of the model."""
    frames = frames_of(error)
    return any(map(_computes_loss, frames)) and not any(map(_is_layers, frames))


def _computes_loss(frame: FrameType) -> bool:
    return frame.f_code.co_name in _OF_LOSS and Path(frame.f_code.co_filename).parent.name == "upstreams"


def _is_layers(frame: FrameType) -> bool:
    owner = frame.f_locals.get("self")
    return isinstance(owner, Module) and hasattr(owner, "i")


def _skeleton(value: object, maps: int) -> object:
    """Return what a loss sees of a value: kinds, keys, axes and channels. Equal maps, one for each source, are one."""
    if isinstance(value, Tensor):
        return value.dim(), tuple(value.shape[1:2]) if value.dim() == 4 else tuple(value.shape[4:])
    if isinstance(value, Mapping):
        return {str(key): _skeleton(one, maps) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [_skeleton(one, maps) for one in value]
        is_maps = len(value) == maps and all(isinstance(one, Tensor) for one in value)
        return type(value).__name__, parts[:1] if is_maps and all(one == parts[0] for one in parts) else parts
    return type(value).__name__


def form(value: object) -> str:
    """Return what a value is made of, as code: `list(Tensor 1x144x16x16, Tensor 1x144x8x8)`."""
    kind = type(value).__name__
    if isinstance(value, Tensor):
        return f"Tensor {'x'.join(map(str, value.shape))}" if value.dim() else "Tensor"
    if isinstance(value, Mapping):
        return f"{kind}({', '.join(map(str, value))})"
    if isinstance(value, (list, tuple)):
        return f"{kind}({', '.join([*map(form, value[:_SHOWN]), *['...'] * (len(value) > _SHOWN)])})"
    return str(value) if value is None else kind
