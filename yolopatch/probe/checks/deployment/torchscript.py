"""Does upstream's own TorchScript export work, and does the file compute the same as the model?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ...build.subject import Subject
from ...measure.exporting import check_export
from ...protocol.findings import Finding
from ...tensors.tensors import tensors
from ..rules import Rules

RULES = Rules()


def check(subject: Subject) -> Finding:
    """Export by tracing, as upstream does, and compare the outputs on images that were not traced."""
    return check_export(subject, "torchscript", "TorchScript", _run)


def _run(file: Path, images: Sequence[Tensor]) -> list[list[Tensor]]:
    device = images[0].device
    traced = torch.jit.load(str(file), map_location=device)  # type: ignore[no-untyped-call]  # torch has no types for it
    return [list(tensors(traced(x))) for x in images]
