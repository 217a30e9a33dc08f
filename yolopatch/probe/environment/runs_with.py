"""What the checks run with: the interpreter, torch, and the device."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

from ...wire.verification import RunsWith


def describe(device: torch.device) -> RunsWith:
    """Return the versions and the device with which the checks measure.

    Raises:
        RuntimeError: torch cannot use the device.
    """
    torch.zeros(1, device=device)
    return RunsWith(
        python=platform.python_version(),
        torch=torch.__version__,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
        threads=torch.get_num_threads(),
        cores=os.cpu_count(),
    )


def _processor() -> str:
    """Return the name of the processor, or its architecture where the system gives no name."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
