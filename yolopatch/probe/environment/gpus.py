"""Name the GPUs that this interpreter's torch sees."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ...wire.interpreters import GpusAnswer, GpusRequest


def name_gpus(request: GpusRequest, emit: Callable[[object], None]) -> None:
    """Answer with the name of each CUDA device, in torch's order."""
    emit(GpusAnswer(tuple(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))))
