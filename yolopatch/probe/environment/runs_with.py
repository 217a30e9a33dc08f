"""With what the checks run: the interpreter, torch, and the device."""

import os
import platform
from pathlib import Path

import torch

from ...wire.verification import RunsWith


def describe(device):
    """Return the versions and the device that the figures were measured with.

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


def _processor():
    """Return the name of the processor, or its kind where the system tells no name."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
