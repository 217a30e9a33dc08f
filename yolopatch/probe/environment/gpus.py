"""Name the GPUs that this interpreter's torch sees."""

from __future__ import annotations

import torch

from ...wire.python.interpreters import GpusAnswer, GpusRequest
from ..protocol.emit import Emit


def name_gpus(request: GpusRequest, emit: Emit) -> None:
    """Answer with the name of each CUDA device, in torch's order, and with whether `mps` works."""
    names = tuple(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
    mps = getattr(torch.backends, "mps", None)  # torch 1.12 and newer
    emit(GpusAnswer(names, mps is not None and mps.is_available()))
