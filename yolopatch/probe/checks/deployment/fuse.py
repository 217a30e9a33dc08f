"""Does upstream's own fuse() keep the model's outputs?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn as nn

from ...build.fusing import fuse
from ...build.subject import Subject
from ...explain.causes import cause_of
from ...explain.lost_by_fuse import lost_by_fuse
from ...protocol.findings import Finding, failed, passed
from ...tensors.models import UpstreamModel
from ...tensors.replay import Step, as_json, errors, recorded, worst
from ...tensors.tensors import distance, layer_name, module_name, randomise_norms
from ...thresholds import SAME_FUNCTION
from ..evidence import SHOWN
from ..finiteness import describe_not_finite, first_not_finite
from ..rules import Rules
from ..wording import NOT_FINITE_HINT, off_by

_OTHER_SIZE = (96, 160)  # height and width: neither square nor the usual size

RULES = Rules()


@torch.no_grad()
def check(subject: Subject) -> Finding:
    """Fail where a layer's output differs after upstream's fuse(), with made-up BatchNorm statistics, at two sizes.

    Each layer is compared on the input that it had before. The head is left out: upstream removes a branch of some.
    """
    model = randomise_norms(subject.fresh().eval())  # fresh statistics hide a wrong fold
    before = _recordings(subject, model)
    wild = next(filter(None, (_wild(model, steps) for steps in before)), "")
    if wild:
        return failed(f"with other BatchNorm statistics, {wild}: fuse() cannot be judged", NOT_FINITE_HINT)
    norms = _norms(subject, model)
    try:
        fuse(model)
        found = [errors(model, steps, distance) for steps in before]
    except Exception as error:  # any exception of fuse(), or of the model's code, which now takes its fused way
        cause = cause_of(model, error, subject.model)
        return failed(f"with upstream's fuse() {cause.what}", cause.remedy)
    largest = {index: max(sizes[index] for sizes in found) for index in found[0]}
    evidence = _evidence(subject, model, norms, largest)
    changed = [index for index, error in largest.items() if error > SAME_FUNCTION]
    if changed:
        first = changed[0]
        return failed(
            f"after fuse() {len(changed)} of {len(largest)} layers have another output, first "
            f"{layer_name(model, first)}: {off_by(largest[first], SAME_FUNCTION, 'largest value')}",
            lost_by_fuse(subject.model.model[first], model.model[first])
            or "upstream folds BatchNorm into `conv.weight` of every subclass of its Conv: a module that computes its "
            "kernel must have its own fold, or derive from another class",
            changed=changed[:SHOWN],
            **evidence,
        )
    return passed(_summary(evidence), **evidence)


def _recordings(subject: Subject, model: UpstreamModel) -> list[list[Step]]:
    """Return the layers' steps at two sizes: a fold may break a layer that takes its sizes from the image.

    Only one size where the model runs at no other, which the check `forward` reports.
    """
    first = recorded(model, subject.images())
    try:
        return [first, recorded(model, subject.images(_OTHER_SIZE, batch=2))]
    except Exception:  # any exception of the model's code
        return [first]


def _wild(model: UpstreamModel, steps: Sequence[Step]) -> str:
    """Return one clause about the first layer whose output is not finite; empty where all are finite."""
    index = first_not_finite({step.index: step.output for step in steps})
    return "" if index is None else describe_not_finite(model, index)


def _norms(subject: Subject, model: UpstreamModel) -> list[str]:
    """Return the dotted names of the BatchNorms in replaced layers."""
    return [
        module_name(index, name)
        for index in subject.replaced
        for name, module in model.model[index].named_modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
    ]


def _evidence(
    subject: Subject, model: UpstreamModel, norms: Sequence[str], largest: Mapping[int, float]
) -> dict[str, Any]:
    left = _norms(subject, model)
    return {
        "difference": as_json(max(largest.values())),
        "largest_by_layer": worst(largest),
        "norms_in_replaced_layers": len(norms),
        "left_unfused": left[:SHOWN],
        "left_unfused_count": len(left),
    }


def _summary(evidence: Mapping[str, Any]) -> str:
    text = f"fuse() changes no layer's output by more than {evidence['difference']:.1g} of its largest value"
    left, norms = evidence["left_unfused_count"], evidence["norms_in_replaced_layers"]
    if left:
        text += f"; {left} of the {norms} BatchNorms in replaced layers stay, and cost time at inference"
    return text
