"""`onnx`: upstream's own ONNX export works, and onnxruntime computes what the model does."""

import torch

from ...measure.exporting import check_export
from ..rules import Rules

RULES = Rules()


def check(subject):
    """Export as upstream does, and compare onnxruntime's outputs on images that were not traced."""
    return check_export(subject, "onnx", "ONNX", _run)


def _run(file, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return [[torch.from_numpy(y) for y in session.run(None, {name: x.cpu().numpy()})] for x in images]
