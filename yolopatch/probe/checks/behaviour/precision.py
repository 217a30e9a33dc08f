"""Does the model work in bf16 autocast, as model.half(), and stored as float16, as upstream stores its checkpoints?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...build.subject import Subject
from ...explain.cause import Cause
from ...explain.causes import cause_of
from ...protocol.findings import Finding, failed, passed, skipped
from ...tensors.attention import without_fast_path
from ...tensors.calls import mapped
from ...tensors.half import as_half, in_type, through_half
from ...tensors.models import UpstreamModel
from ...tensors.replay import Step, as_json, errors, first_image, first_image_steps, recorded, relative_error, worst
from ...tensors.tensors import layer_name, layer_outputs, train_on_images
from ...thresholds import LOW_PRECISION
from ..finiteness import describe_not_finite, first_not_finite
from ..rules import Rules
from ..wording import off_by

_RANGE_HINT = (
    "keep values and constants within float16's 6e-5 to 65504, create tensors in the type of the input, and compute in "
    "float32 where that is not enough, then cast back"
)
_ELSEWHERE_HINT = "verify on a GPU (--device 0), which has code for more types, or with a newer torch"
_FLOAT16_MAX = torch.finfo(torch.float16).max

RULES = Rules()


class _Trial(NamedTuple):
    """One way to lower the precision.

    Attributes:
        name: of the trial, in the evidence.
        where: what is done, to follow a figure.
        problem: what is wrong, None for nothing.
        measured: the figures.
        not_tried: on which layers, by index, it could not be tried here, because torch has no code for them.
    """

    name: str
    where: str
    problem: Cause | None
    measured: dict[str, Any]
    not_tried: Mapping[int, str] = {}

    @property
    def largest(self) -> float | None:
        """The largest error of a layer; None where no layer was measured."""
        return max(self.measured.get("worst_layers", {}).values(), default=None)


def check(subject: Subject) -> Finding:
    """Fail where bf16 autocast, float16 storage or a float16 forward break the model or a layer.

    Each layer is compared with itself in float32 on the same input. That input is what the layer gets in train mode
    for the images that the BatchNorm statistics come from: in eval the values of a deep network with random
    weights grow, to a million in the largest models, without any fault of a layer. A layer for which this torch has
    no code in a type, on this device, is not tried, and that is said.
    """
    model, x = subject.calibrated, subject.calibration_images
    steps = first_image_steps(model, recorded(train_on_images(subject.fresh()), x))
    x = first_image(x)
    trials = [_bfloat16(model, x, steps), _stored(subject, x, steps), _range(model, steps), _float16(subject, steps)]
    evidence = {trial.name: trial.measured for trial in trials}
    problems = [(trial.name, trial.problem) for trial in trials if trial.problem]
    not_tried = "; ".join(_left_out(subject, trial) for trial in trials if trial.not_tried)
    if problems:
        said = "; ".join(f"{name}: {cause.what}" for name, cause in problems)
        return failed(said, problems[0][1].remedy, not_tried=not_tried, **evidence)
    if not subject.replaced.keys().isdisjoint({index for trial in trials for index in trial.not_tried}):
        return skipped(not_tried, _ELSEWHERE_HINT, **evidence)
    largest = ", ".join(f"{trial.largest:.2g} {trial.where}" for trial in trials if trial.largest is not None)
    said = f"no layer changes by more than {LOW_PRECISION} of its size: by at most {largest}"
    return passed(f"{said}; {not_tried}" if not_tried else said, **evidence)


def _left_out(subject: Subject, trial: _Trial) -> str:
    """Return in one clause on which layers a trial could not be made, and why."""
    first, *more = trial.not_tried.values()
    needs = "needs a GPU, " if subject.device.type == "cpu" else ""
    layers = f"layer{'s' if more else ''} {', '.join(map(str, trial.not_tried))}"
    return f"{trial.name} of {layers} not tried: {needs}{first}"


@torch.no_grad()
def _try(
    name: str,
    where: str,
    model: UpstreamModel,
    steps: Sequence[Step],
    whole: Callable[[], Mapping[int, object]],
    change: Callable[[Tensor], Tensor] | None = None,
) -> _Trial:
    """Run each layer, and then what is to be run of the whole, if torch has code for all layers.

    Args:
        name, where: see `_Trial`.
        model: the model in another precision.
        steps: the calls of the layers in float32.
        whole: runs the model, or its head alone, and returns the outputs to judge, by layer.
        change: makes the inputs of the layers.
    """
    found: dict[int, float] = {}
    no_code: dict[int, str] = {}
    for step in steps:
        try:
            found |= errors(model, [step], relative_error, change)
        except Exception as error:  # any exception of the model's code in another type
            cause = _without_autocast(model, step) or cause_of(model, error)
            if not cause.is_kernel_missing:
                return _Trial(name, where, cause, {"raised": cause.what})
            no_code[step.index] = cause.what
    wild = next((i for i, error in found.items() if math.isinf(error)), None)
    if wild is None and not no_code:
        try:
            wild = first_not_finite(whole())
        except Exception as error:  # as above
            cause = cause_of(model, error)
            if not cause.is_kernel_missing:
                return _Trial(name, where, cause, {"raised": cause.what})
            no_code[len(model.model) - 1] = cause.what  # the head: all the others have run
    return _Trial(name, where, _problem(model, found, wild), _measured(found, no_code), no_code)


def _measured(found: Mapping[int, float], no_code: Mapping[int, str]) -> dict[str, Any]:
    return {"worst_layers": worst(found), **({"no_code": dict(no_code)} if no_code else {})}


def _problem(model: UpstreamModel, found: Mapping[int, float], wild: int | None) -> Cause | None:
    """Return what is wrong with the errors of the layers, and with the first layer whose output is not finite."""
    if wild is not None:
        return Cause(describe_not_finite(model, wild), _RANGE_HINT)
    index = max(found, key=lambda index: found[index], default=None)
    if index is None or found[index] <= LOW_PRECISION:
        return None
    return Cause(f"{layer_name(model, index)} is {off_by(found[index], LOW_PRECISION, 'size')}", _RANGE_HINT)


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
    with torch.autocast(x.device.type, torch.bfloat16), without_fast_path():
        return _try("bf16 autocast", "in bf16 autocast", model, steps, lambda: layer_outputs(model, x)[0])


def _stored(subject: Subject, x: Tensor, steps: Sequence[Step]) -> _Trial:
    """Store the state dict as float16 and load it again."""
    model = subject.fresh()
    model.load_state_dict({name: through_half(t) for name, t in subject.calibrated.state_dict().items()})
    return _try("float16 storage", "stored as float16", model.eval(), steps, lambda: layer_outputs(model, x)[0])


def _range(model: UpstreamModel, steps: Sequence[Step]) -> _Trial:
    """Look for layers whose outputs float16 cannot hold."""
    largest = {s.index: float(s.output.abs().max()) for s in steps if isinstance(s.output, Tensor)}
    index = max(largest, key=lambda index: largest[index])
    above = f"{layer_name(model, index)} gives {largest[index]:.3g}, more than float16 holds"
    problem = Cause(above, _RANGE_HINT) if largest[index] > _FLOAT16_MAX else None
    return _Trial("float16 range", "", problem, {"largest_output": as_json(largest[index])})


def _float16(subject: Subject, steps: Sequence[Step]) -> _Trial:
    """Run `model.half()`, as upstream validates and predicts on a GPU: each layer and the head on float32's own maps.

    In one piece the values of a deep network with random weights would grow beyond float16.
    """
    model = subject.fresh()
    model.load_state_dict(subject.calibrated.state_dict())
    half = model.eval().half()

    def run_head() -> Mapping[int, object]:
        head, outputs = half.model[-1], {step.index: step.output for step in steps}
        sources = head.f if isinstance(head.f, list) else [head.f]
        # a negative source counts back from the head
        maps = [mapped(as_half, outputs[s if s >= 0 else len(half.model) - 1 + s]) for s in sources]
        head(maps if isinstance(head.f, list) else maps[0])
        return {}  # its scores and boxes are not judged: that of noise may be anything

    return _try("float16 forward", "computed in float16", half, steps, run_head, as_half)
