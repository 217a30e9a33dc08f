"""Does the model's output depend on the image?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...build.subject import Subject
from ...build.wiring import forgotten_numbers, unread_rows
from ...protocol.findings import Finding, failed, passed, skipped
from ...tensors.calls import BATCH, layer_calls, mapped
from ...tensors.tensors import is_finite, layer_name, layer_outputs, tensors
from ...tensors.unread import unread_maps
from ...thresholds import SAME_FOR_EVERY_IMAGE
from ..evidence import SHOWN
from ..one_value import one_value_hint
from ..rules import Rules
from ..wording import such

_GREY = 0.25  # of a plain image; not the mean of the noise: a layer that sees only the mean sees this

RULES = Rules()


def check(subject: Subject) -> Finding:
    """Fail where a layer's output, or an input of the head, is the same for noise, other noise and plain grey.

    The images are run one by one, in eval, with BatchNorm statistics from other images. Fail, too, where a replaced
    layer makes no use of one of the maps that it reads, and where the model makes no use of what a layer gives.
    """
    runs = _runs(subject)
    layers = {index: _change([list(tensors(outputs[index])) for outputs, _ in runs]) for index in runs[0][0]}
    # YOLO-World's head reads texts beside its maps
    given = [values for values in zip(*(inputs for _, inputs in runs)) if values[0].dim() == 4]
    maps = [_change([[value] for value in values]) for values in given]
    constant = [index for index, change in layers.items() if _is_same(change)]
    evidence = _evidence(subject, layers, maps, constant)
    if constant or any(map(_is_same, maps)):
        return _failure(subject, constant, maps, evidence)
    changes = {index: change for index, change in layers.items() if change is not None}
    lost = [index for index in layers if index not in changes]
    if lost:
        return skipped(
            f"the output of {layer_name(subject.model, lost[0])} is not finite, so nothing can be compared",
            "see what the checks `forward` and `init` say about it",
            **evidence,
        )
    unread = _unread(subject)
    if unread:
        return failed(
            f"{unread[0]}{such(len(unread), 'map')}",
            "let its forward use every map of its list, or leave the layer out of the row's first entry",
            unread_maps=unread[:SHOWN],
            **evidence,
        )
    idle = _idle_layers(subject)
    if idle:
        name = layer_name(subject.model, idle[0])
        return failed(
            f"no row of the file reads {name}{such(len(idle), 'layer')}: it is computed, and changes nothing",
            forgotten_numbers(subject)
            or f"let the row that should read it name layer {idle[0]} in its first entry (-1 is the row before it), or "
            "take the row out",
            idle_layers=[_row(subject, index) for index in idle[:SHOWN]],
            **evidence,
        )
    least = min(changes, key=lambda index: changes[index])
    return passed(
        f"every layer's output depends on the image; that of {layer_name(subject.model, least)} the least: "
        f"it changes by {changes[least]:.2g} of its size",
        **evidence,
    )


@torch.no_grad()
def _runs(subject: Subject) -> list[tuple[Mapping[int, object], Sequence[Tensor]]]:
    """Return (outputs by layer, inputs of the head) of each image."""
    images = [subject.images(seed=1), subject.images(seed=2), torch.full_like(subject.images(), _GREY)]
    return [layer_outputs(subject.calibrated, x)[:2] for x in images]


def _unread(subject: Subject) -> list[str]:
    """Return a clause for each map that a replaced layer reads and makes no use of."""
    model = subject.calibrated
    several = [index for index in subject.replaced if len(subject.rows[index].sources) > 1]
    calls = layer_calls(model, subject.images(batch=BATCH), several)
    return [
        f"{layer_name(model, index)} makes no use of what {layer_name(model, subject.rows[index].sources[position])} "
        "gives it: its output is the same for any other map"
        for index, call in calls.items()
        for position in unread_maps(model.model[index], call)
    ]


@torch.no_grad()
def _idle_layers(subject: Subject) -> list[int]:
    """Return the layers that no row reads and whose output changes nothing.

    Upstream's loop over the layers may take a map by itself: YOLO-World's does, for its texts.
    """
    model, x = subject.calibrated, subject.images()
    usual = [t.clone() for t in tensors(model(x))]
    found = []
    for index in unread_rows(subject.rows):
        hook = model.model[index].register_forward_hook(lambda layer, args, output: mapped(torch.zeros_like, output))
        try:
            without = [t.clone() for t in tensors(model(x))]
        finally:
            hook.remove()
        if all(map(torch.equal, usual, without)):
            found.append(index)
    return found


def _change(results: Sequence[Sequence[Tensor]]) -> float | None:
    """Return how far the other results lie from the first, relative to its size; None where one is not finite.

    Args:
        results: of each image, a list of tensors.
    """
    if not is_finite(results):
        return None
    first, *others = results
    pairs = [(found, expected) for other in others for found, expected in zip(other, first)]
    return max((_channel_change(found, expected) for found, expected in pairs), default=float("inf"))


def _channel_change(found: Tensor, expected: Tensor) -> float:
    """Return the largest change of a channel, relative to its size, or to the median channel's if that is larger.

    Channels are compared one by one, because one huge constant would hide the others; and with the median, because a
    channel of float noise changes completely.
    """
    if found.shape != expected.shape:
        return float("inf")
    if torch.equal(found, expected):
        return 0.0
    found, expected = (_by_channel(tensor) for tensor in (found, expected))
    sizes = expected.abs().amax(1)
    changes = (found - expected).abs().amax(1)
    return float((changes / sizes.clamp_min(max(float(sizes.median()), 1e-12))).max())


def _by_channel(tensor: Tensor) -> Tensor:
    """Return the values as float64, shape (channels, values of a channel)."""
    tensor = tensor.detach().double()
    return tensor.transpose(0, 1).flatten(1) if tensor.dim() > 1 else tensor.view(1, -1)


def _is_same(change: float | None) -> bool:
    return change is not None and change <= SAME_FOR_EVERY_IMAGE


def _failure(
    subject: Subject, constant: Sequence[int], maps: Sequence[float | None], evidence: dict[str, Any]
) -> Finding:
    same = sum(map(_is_same, maps))
    head = (
        f"{same} of the head's {len(maps)} inputs do not depend on the image"
        if same
        else "the head's inputs depend on it"
    )
    if not constant:
        return failed(head, "see which layer feeds them, and what its forward returns", **evidence)
    first = layer_name(subject.model, constant[0])
    return failed(
        f"{first} gives the same output for every image{such(len(constant), 'layer')}; {head}",
        one_value_hint(subject, constant[0])
        or f"look at the forward of {first}, and at its input: a product with zero, an input that is never read, or "
        "values so large that BatchNorm divides them by infinity",
        **evidence,
    )


def _evidence(
    subject: Subject,
    layers: Mapping[int, float | None],
    maps: Sequence[float | None],
    constant: Sequence[int],
) -> dict[str, Any]:
    return {
        "bound": SAME_FOR_EVERY_IMAGE,
        "constant_layers": [_row(subject, index) for index in constant[:SHOWN]],
        "constant_count": len(constant),
        "layers": len(layers),
        "head_inputs": maps,
        "replaced_layers": {str(index): layers.get(index) for index in list(subject.replaced)[:SHOWN]},
    }


def _row(subject: Subject, index: int) -> dict[str, Any]:
    return {
        "index": index,
        "class": type(subject.model.model[index]).__name__,
        "replaced": index in subject.replaced,
    }
