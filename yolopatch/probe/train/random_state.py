"""Call what draws random numbers without a trace: the training sees the numbers of its seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def keep_random_state() -> Iterator[None]:
    """Give Python's, numpy's and torch's generators the states back that they had before the `with` block."""
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    # not `is_available`: asking a GPU that nobody uses would take memory of it
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if gpus:
            torch.cuda.set_rng_state_all(gpus)
