"""`torchscript`: upstream's own TorchScript export works, and the file computes what the model does."""

import torch

from ...measure.exporting import check_export
from ...tensors.tensors import tensors
from ..rules import Rules

RULES = Rules()


def check(subject):
    """Export by tracing, as upstream does, and compare on images that were not traced."""
    return check_export(subject, "torchscript", "TorchScript", _run)


def _run(file, images):
    traced = torch.jit.load(str(file), map_location=images[0].device)
    return [list(tensors(traced(x))) for x in images]
