"""Does the model work in bf16 autocast, and after float16 storage, as upstream stores its checkpoints?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...build.subject import Subject
from ...explain.causes import Cause, cause_of
from ...protocol.findings import Finding, failed, passed, skipped
from ...tensors.calls import mapped
from ...tensors.half import as_half, in_type, through_half
from ...tensors.models import UpstreamModel
from ...tensors.replay import Step, as_json, errors, first_image, first_image_steps, recorded, relative_error, worst
from ...tensors.tensors import layer_name, layer_outputs
from ...thresholds import LOW_PRECISION
from ..finiteness import describe_not_finite, first_not_finite
from ..rules import Rules
from ..wording import off_by

_RANGE_HINT = (
    "keep values and constants within float16's 6e-5 to 65504, create tensors in the type of the input, and compute in "
    "float32 where that is not enough, then cast back"
)
_FLOAT16_MAX = torch.finfo(torch.float16).max

RULES = Rules()


class _Trial(NamedTuple):
    """One way to lower the precision: its name, the problem (None for none), and what was measured.

    `not_tried` says which layers it could not be tried on, because torch has no code for them here; "" for none.
    """

    name: str
    problem: Cause | None
    measured: dict[str, Any]
    not_tried: str = ""


def check(subject: Subject) -> Finding:
    """Fail where bf16 autocast, float16 storage or a float16 forward break the model or a layer.

    Each layer is compared with itself in float32 on the same input. That input is what the layer gets in train mode
    for the images that the BatchNorm statistics come from: in eval the values of a deep network with random
    weights grow, to a million in the largest models, without any fault of a layer. A layer for which this torch has
    no code in a type, on this device, is not tried, and that is said.
    """
    model, x = subject.calibrated, subject.calibration_images
    steps = first_image_steps(model, recorded(subject.fresh().train(), x))
    x = first_image(x)
    trials = [_bfloat16(model, x, steps), _stored(subject, x, steps), _range(model, steps), _float16(subject, steps)]
    evidence = {trial.name: trial.measured for trial in trials}
    problems = [(trial.name, trial.problem) for trial in trials if trial.problem]
    not_tried = "; ".join(f"{trial.name} not tried: {trial.not_tried}" for trial in trials if trial.not_tried)
    if problems:
        said = "; ".join(f"{name}: {cause.what}" for name, cause in problems)
        return failed(said, problems[0][1].remedy, not_tried=not_tried, **evidence)
    if not_tried and not subject.replaced.keys().isdisjoint(_left_out(trials)):
        return skipped(not_tried, "verify on a GPU (--device 0), which has code for it", **evidence)
    worst_layers = [max(e["worst_layers"].values()) for e in evidence.values() if e.get("worst_layers")]
    return passed(
        f"bf16 autocast changes no layer by more than {worst_layers[0]:.2g} of its size, float16 storage by "
        f"{worst_layers[1]:.2g} (limit {LOW_PRECISION})" + (f"; {not_tried}" if not_tried else ""),
        **evidence,
    )


def _left_out(trials: Sequence[_Trial]) -> set[int]:
    return {index for trial in trials for index in trial.measured.get("no_code", {})}


@torch.no_grad()
def _try(
    name: str,
    model: UpstreamModel,
    x: Tensor | None,
    steps: Sequence[Step],
    change: Callable[[Tensor], Tensor] | None = None,
) -> _Trial:
    """Run each layer, and then the model, if there are images for it and torch has code for all of its layers."""
    found: dict[int, float] = {}
    no_code: dict[int, str] = {}
    for step in steps:
        try:
            found |= errors(model, [step], relative_error, change)
        except Exception as error:  # any exception of the model's code in another type
            cause = _without_autocast(model, step) or cause_of(model, error)
            if not cause.is_kernel_missing:
                return _Trial(name, cause, {"raised": cause.what})
            no_code[step.index] = cause.what
    measured: dict[str, Any] = {"worst_layers": worst(found), **({"no_code": no_code} if no_code else {})}
    not_tried = next(iter(no_code.values()), "")
    wild = next((i for i, error in found.items() if math.isinf(error)), None)
    if wild is None and x is not None and not no_code:
        try:
            wild = first_not_finite(layer_outputs(model, x)[0])
        except Exception as error:  # as above
            cause = cause_of(model, error)
            return _Trial(name, None if cause.is_kernel_missing else cause, measured, cause.what)
    if wild is not None:
        return _Trial(name, Cause(describe_not_finite(model, wild), _RANGE_HINT), measured)
    index = max(found, key=lambda index: found[index])
    if found[index] > LOW_PRECISION:
        text = f"{layer_name(model, index)} is {off_by(found[index], LOW_PRECISION, 'size')}"
        return _Trial(name, Cause(text, _RANGE_HINT), measured)
    return _Trial(name, None, measured, not_tried)


def _without_autocast(model: UpstreamModel, step: Step) -> Cause | None:
    """Return the cause where torch has no code for a layer in autocast's type at all; None outside autocast, too.

    An operator that autocast does not know gets tensors of two types, which says nothing about the layer.
    """
    device = next(model.parameters()).device.type
    if not torch.is_autocast_enabled() and not torch.is_autocast_cpu_enabled():
        return None
    layer = deepcopy(model.model[step.index]).bfloat16()
    args, kwargs = step.call.arguments()
    cast = partial(in_type, dtype=torch.bfloat16)
    try:
        with torch.autocast(device, enabled=False):
            layer(*mapped(cast, args), **mapped(cast, kwargs))
    except Exception as error:  # any exception of the model's code in another type
        cause = cause_of(layer, error)
        return cause if cause.is_kernel_missing else None
    return None


def _bfloat16(model: UpstreamModel, x: Tensor, steps: Sequence[Step]) -> _Trial:
    with torch.autocast(x.device.type, torch.bfloat16):
        return _try("bf16 autocast", model, x, steps)


def _stored(subject: Subject, x: Tensor, steps: Sequence[Step]) -> _Trial:
    """Store the state dict as float16 and load it again."""
    model = subject.fresh()
    model.load_state_dict({name: through_half(t) for name, t in subject.calibrated.state_dict().items()})
    return _try("float16 storage", model.eval(), x, steps)


def _range(model: UpstreamModel, steps: Sequence[Step]) -> _Trial:
    """Look for layers whose outputs float16 cannot hold."""
    largest = {s.index: float(s.output.abs().max()) for s in steps if isinstance(s.output, Tensor)}
    index = max(largest, key=lambda index: largest[index])
    above = f"{layer_name(model, index)} gives {largest[index]:.3g}, more than float16 holds"
    problem = Cause(above, _RANGE_HINT) if largest[index] > _FLOAT16_MAX else None
    return _Trial("float16 range", problem, {"largest_output": as_json(largest[index])})


def _float16(subject: Subject, steps: Sequence[Step]) -> _Trial:
    """Run each layer in float16, as upstream validates on a GPU; the growing values would overflow a whole forward."""
    model = subject.fresh()
    model.load_state_dict(subject.calibrated.state_dict())
    return _try("float16 forward", model.eval().half(), None, steps, as_half)
