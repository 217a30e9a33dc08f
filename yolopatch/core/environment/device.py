"""The names of a device: as a user types it, as torch has it, and as upstream's arguments have it."""

from __future__ import annotations

import re

from yolopatch.errors import UsageError

CPU = "cpu"
MPS = "mps"
VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"
_THREADS = 8  # the most that upstream takes for itself on a CPU


def read_device(text: str) -> str:
    """Return torch's name of the device that a user names: `cpu`, `cuda:0`, `mps`.

    Args:
        text: `cpu`, `cuda`, `cuda:1`, `mps`, or the number of a GPU.

    Raises:
        UsageError: it is none of these, or several devices.
    """
    name = text.strip().lower()
    found = re.fullmatch(r"(?:cuda(?::(\d{1,4}))?|(\d{1,4}))", name)
    if found:
        return f"cuda:{int(found[1] or found[2] or 0)}"
    if name in (CPU, MPS):
        return name
    what = "one device is needed" if "," in name else "unknown device"
    raise UsageError(
        f"--device {text}: {what}",
        details=["expected: cpu, cuda, the number of a GPU (0), or mps"],
        hint="--device cpu, or --device 0",
    )


def upstreams_device(name: str) -> str | int:
    """Return the value of upstream's argument `device` for torch's name: a GPU is its number."""
    kind, _, number = name.partition(":")
    return int(number) if number else kind


def upstreams_threads(cores: int) -> int:
    """Return how many threads upstream's training takes for itself on a machine with so many cores."""
    return min(_THREADS, max(1, cores - 1))
