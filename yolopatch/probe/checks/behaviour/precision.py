"""Does the model work in bf16 autocast, and after float16 storage, as upstream stores its checkpoints?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...build.subject import Subject
from ...protocol.findings import Finding, failed, passed
from ...protocol.raising import describe_error
from ...tensors.half import as_half, through_half
from ...tensors.models import UpstreamModel
from ...tensors.replay import Step, as_json, errors, first_image, first_image_steps, recorded, relative_error, worst
from ...tensors.tensors import layer_name, layer_outputs
from ...thresholds import LOW_PRECISION
from ..finiteness import describe_not_finite, first_not_finite
from ..rules import Rules
from ..wording import off_by

_FLOAT16_MAX = torch.finfo(torch.float16).max

RULES = Rules()


class _Trial(NamedTuple):
    """One way to lower the precision: its name, the problem ("" for none), and what was measured."""

    name: str
    problem: str
    measured: dict[str, Any]


def check(subject: Subject) -> Finding:
    """Fail where bf16 autocast, float16 storage or, with CUDA, a float16 forward break the model or a layer.

    Each layer is compared with itself in float32 on the same input. That input is what the layer gets in train mode
    for the images that the BatchNorm statistics come from: in eval the values of a deep network with random
    weights grow, to a million in the largest models, without any fault of a layer.
    """
    model, x = subject.calibrated, subject.calibration_images
    steps = first_image_steps(model, recorded(subject.fresh().train(), x))
    x = first_image(x)
    trials = [_bfloat16(model, x, steps), _stored(subject, x, steps), _range(model, steps)]
    if subject.device.type == "cuda":
        trials.append(_float16(subject, steps))
    evidence = {trial.name: trial.measured for trial in trials}
    problems = [f"{trial.name}: {trial.problem}" for trial in trials if trial.problem]
    if problems:
        return failed(
            "; ".join(problems),
            "keep values and constants within float16's 6e-5 to 65504, create tensors in the type of the input, and "
            "compute in float32 where that is not enough, then cast back",
            **evidence,
        )
    worst_layers = [max(e["worst_layers"].values()) for e in evidence.values() if e.get("worst_layers")]
    return passed(
        f"bf16 autocast changes no layer by more than {worst_layers[0]:.2g} of its size, float16 storage by "
        f"{worst_layers[1]:.2g} (limit {LOW_PRECISION})",
        **evidence,
    )


@torch.no_grad()
def _try(
    name: str,
    model: UpstreamModel,
    x: Tensor | None,
    steps: Sequence[Step],
    change: Callable[[Tensor], Tensor] | None = None,
) -> _Trial:
    """Run the model, if there are images for it, and then each layer."""
    try:
        outputs = {} if x is None else layer_outputs(model, x)[0]
        found = errors(model, steps, relative_error, change)
    except Exception as error:  # any exception of the model's code in another type
        problem = describe_error(model, error)
        return _Trial(name, problem, {"raised": problem})
    measured = {"worst_layers": worst(found)}
    wild = first_not_finite(outputs)
    if wild is None:
        wild = next((i for i, error in found.items() if math.isinf(error)), None)
    if wild is not None:
        return _Trial(name, describe_not_finite(model, wild), measured)
    index = max(found, key=lambda index: found[index])
    if found[index] > LOW_PRECISION:
        return _Trial(name, f"{layer_name(model, index)} is {off_by(found[index], LOW_PRECISION, 'size')}", measured)
    return _Trial(name, "", measured)


def _bfloat16(model: UpstreamModel, x: Tensor, steps: Sequence[Step]) -> _Trial:
    with torch.autocast(x.device.type, torch.bfloat16):
        return _try("bf16 autocast", model, x, steps)


def _stored(subject: Subject, x: Tensor, steps: Sequence[Step]) -> _Trial:
    """Store the state dict as float16 and load it again."""
    model = subject.fresh()
    model.load_state_dict({name: through_half(t) for name, t in subject.calibrated.state_dict().items()})
    return _try("float16 storage", model.eval(), x, steps)


def _range(model: UpstreamModel, steps: Sequence[Step]) -> _Trial:
    """Look for layers whose outputs float16 cannot hold; a CPU has no fast float16 to run them in."""
    largest = {s.index: float(s.output.abs().max()) for s in steps if isinstance(s.output, Tensor)}
    index = max(largest, key=lambda index: largest[index])
    above = f"{layer_name(model, index)} gives {largest[index]:.3g}, more than float16 holds"
    problem = above if largest[index] > _FLOAT16_MAX else ""
    return _Trial("float16 range", problem, {"largest_output": as_json(largest[index])})


def _float16(subject: Subject, steps: Sequence[Step]) -> _Trial:
    """Run each layer in float16, as upstream validates on a GPU; the growing values would overflow a whole forward."""
    model = subject.fresh()
    model.load_state_dict(subject.calibrated.state_dict())
    return _try("float16 forward", model.eval().half(), None, steps, as_half)
