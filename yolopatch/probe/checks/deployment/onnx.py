"""Does upstream's own ONNX export work, and does onnxruntime compute the same as the model?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ...build.subject import Subject
from ...measure.exporting import check_export
from ...protocol.findings import Finding
from ..rules import Rules

RULES = Rules()


def check(subject: Subject) -> Finding:
    """Export as upstream does, and compare onnxruntime's outputs on images that were not traced."""
    return check_export(subject, "onnx", "ONNX", _run)


def _run(file: Path, images: Sequence[Tensor]) -> list[list[Tensor]]:
    import onnxruntime  # type: ignore[import-untyped, unused-ignore]  # it has no types

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return [[torch.from_numpy(y) for y in session.run(None, {name: x.cpu().numpy()})] for x in images]
