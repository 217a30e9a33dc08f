"""Does upstream's own fuse() keep what the model computes?"""

import inspect

import torch
import torch.nn as nn

from ...protocol.findings import failed, passed
from ...tensors.replay import as_json, errors, recorded, worst
from ...tensors.tensors import distance, is_finite, layer_name, randomise_norms
from ...thresholds import SAME_FUNCTION
from ..rules import Rules

_SHOWN = 20
_OTHER_SIZE = (96, 160)  # neither square nor the usual one


RULES = Rules()


@torch.no_grad()
def check(subject):
    """Fail where a layer's output differs after upstream's fuse(), with made-up BatchNorm statistics, at two sizes.

    Each layer is compared on the input that it had before. The head is not: upstream drops a branch of some.
    """
    model = randomise_norms(subject.fresh().eval())  # fresh statistics hide what a fold gets wrong
    before = _recordings(subject, model)
    wild = next((s.index for steps in before for s in steps if not is_finite(s.output)), None)
    if wild is not None:
        return failed(
            f"with other BatchNorm statistics, {layer_name(model, wild)} is the first whose output is not finite",
            "the fold cannot be judged: look for memory that nobody initialised, or a division by zero",
        )
    norms = _norms(subject, model)
    _fuse(model)
    found = [errors(model, steps, distance) for steps in before]
    largest = {index: max(sizes[index] for sizes in found) for index in found[0]}
    evidence = _evidence(subject, model, norms, largest)
    changed = [index for index, error in largest.items() if error > SAME_FUNCTION]
    if changed:
        return failed(
            f"after fuse() {len(changed)} of {len(largest)} layers compute something else, first "
            f"{layer_name(model, changed[0])}: off by {largest[changed[0]]:.2g} of its largest value "
            f"(limit {SAME_FUNCTION:.0e})",
            "upstream folds BatchNorm into `conv.weight` of every subclass of its Conv: a module that computes its "
            "kernel must bring a fold of its own, or not be such a subclass",
            changed=changed[:_SHOWN],
            **evidence,
        )
    return passed(_praise(evidence), **evidence)


def _recordings(subject, model):
    """Return the layers' steps at two sizes, for a fold may break what takes its sizes from the image.

    One size where the model runs at no other, which is for the check `forward` to say.
    """
    first = recorded(model, subject.images())
    try:
        return [first, recorded(model, subject.images(_OTHER_SIZE, batch=2))]
    except Exception:  # whatever the model's code raises
        return [first]


def _fuse(model):
    """Call upstream's fuse(), quietly where it can be: what it prints costs a count of FLOPs."""
    quiet = {"verbose": False} if "verbose" in inspect.signature(model.fuse).parameters else {}
    model.fuse(**quiet)


def _norms(subject, model):
    """Return the dotted names of the BatchNorms in replaced layers."""
    return [
        f"model.{index}.{name}"
        for index in subject.replaced
        for name, module in model.model[index].named_modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
    ]


def _evidence(subject, model, norms, largest):
    left = _norms(subject, model)
    return {
        "difference": as_json(max(largest.values())),
        "largest_by_layer": worst(largest),
        "norms_in_replaced_layers": len(norms),
        "left_unfused": left[:_SHOWN],
        "left_unfused_count": len(left),
    }


def _praise(evidence):
    text = f"fuse() changes no layer's output by more than {evidence['difference']:.1g} of its largest value"
    left, norms = evidence["left_unfused_count"], evidence["norms_in_replaced_layers"]
    if left:
        text += f"; {left} of the {norms} BatchNorms in replaced layers stay, and cost time at inference"
    return text
