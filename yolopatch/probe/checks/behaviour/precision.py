"""Does the model survive bf16 autocast, and being stored as float16, as upstream stores its checkpoints?"""

import math

import torch

from ...protocol.findings import failed, passed
from ...protocol.raising import told
from ...tensors.replay import answered, as_json, errors, first_image, recorded, relative_error, worst
from ...tensors.tensors import is_finite, layer_name, layer_outputs
from ...thresholds import LOW_PRECISION
from ..rules import Rules

_FLOAT16_MAX = torch.finfo(torch.float16).max


RULES = Rules()


def check(subject):
    """Fail where bf16 autocast, float16 storage or, with CUDA, a float16 forward break the model or a layer.

    Each layer is compared with itself in float32 on the same input. That input is what the layer has in train mode,
    from the images that the BatchNorm statistics come from: in eval the values of a deep network with random
    weights drift off, to a million in the largest models, without any fault of a layer.
    """
    model, x = subject.calibrated, subject.calibration_images
    steps = answered(model, recorded(subject.fresh().train(), x))
    x = first_image(x)
    trials = [_bfloat16(model, x, steps), _stored(subject, x, steps), _range(model, steps)]
    if subject.device.type == "cuda":
        trials.append(_float16(subject, steps))
    evidence = {name: measured for name, _, measured in trials}
    problems = [f"{name}: {problem}" for name, problem, _ in trials if problem]
    if problems:
        return failed(
            "; ".join(problems),
            "keep values and constants within float16's 6e-5 to 65504, create tensors in the type of the input, and "
            "compute what needs float32 in it, casting back",
            **evidence,
        )
    worst_layers = [max(e["worst_layers"].values()) for e in evidence.values() if e.get("worst_layers")]
    return passed(
        f"bf16 autocast changes no layer by more than {worst_layers[0]:.2g} of its size, float16 storage by "
        f"{worst_layers[1]:.2g} (limit {LOW_PRECISION})",
        **evidence,
    )


@torch.no_grad()
def _trial(name, model, x, steps, change=None):
    """Run the model, where there are images, and each layer; return (name, what is wrong, what was measured)."""
    try:
        outputs = {} if x is None else layer_outputs(model, x)[0]
        found = errors(model, steps, relative_error, change)
    except Exception as error:  # whatever the model's code raises in another type
        return name, told(model, error), {"raised": told(model, error)}
    measured = {"worst_layers": worst(found)}
    wild = next((i for i, output in outputs.items() if not is_finite(output)), None)
    if wild is None:
        wild = next((i for i, error in found.items() if math.isinf(error)), None)
    if wild is not None:
        return name, f"{layer_name(model, wild)} is the first whose output is not finite", measured
    index = max(found, key=found.get)
    if found[index] > LOW_PRECISION:
        problem = f"{layer_name(model, index)} is off by {found[index]:.2g} of its size (limit {LOW_PRECISION})"
        return name, problem, measured
    return name, "", measured


def _bfloat16(model, x, steps):
    with torch.autocast(x.device.type, torch.bfloat16):
        return _trial("bf16 autocast", model, x, steps)


def _stored(subject, x, steps):
    """The state dict in float16 and back: upstream saves `model.half()` and loads `.float()`."""
    model = subject.fresh()
    model.load_state_dict({name: _through_half(t) for name, t in subject.calibrated.state_dict().items()})
    return _trial("float16 storage", model.eval(), x, steps)


def _through_half(tensor):
    return tensor.half().to(tensor.dtype) if tensor.is_floating_point() else tensor


def _range(model, steps):
    """Layers whose outputs float16 cannot hold; on a CPU nothing else tells, for it has no fast float16."""
    largest = {s.index: float(s.output.abs().max()) for s in steps if isinstance(s.output, torch.Tensor)}
    index = max(largest, key=largest.get)
    above = f"{layer_name(model, index)} gives {largest[index]:.3g}, more than float16 holds"
    return "float16 range", above if largest[index] > _FLOAT16_MAX else "", {"largest_output": as_json(largest[index])}


def _float16(subject, steps):
    """Each layer in float16, which is how upstream validates on a GPU; in a whole forward the drift would overflow."""
    model = subject.fresh()
    model.load_state_dict(subject.calibrated.state_dict())
    return _trial("float16 forward", model.eval().half(), None, steps, _as_half)


def _as_half(tensor):
    return tensor.half() if tensor.is_floating_point() else tensor
