"""The devices that the runs of a grid use: each run one GPU, or the CPU."""

from __future__ import annotations

import os
from dataclasses import dataclass

from yolopatch.core.environment.device import CPU, MPS, VISIBLE_GPUS, read_device
from yolopatch.errors import UsageError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.probe.inspect import list_gpus, require_device


@dataclass(frozen=True)
class Devices:
    """What the runs use.

    Attributes:
        gpus: as CUDA_VISIBLE_DEVICES names them, one for each run; empty where there is one device for all.
        argument: upstream's argument `device`; None where it takes the only GPU that it sees.
    """

    gpus: tuple[str, ...]
    argument: str | None

    @property
    def words(self) -> str:
        """The devices for the user."""
        return f"GPU {', '.join(self.gpus)}" if self.gpus else str(self.argument)


def find_devices(asked: object, interpreter: Interpreter) -> Devices:
    """Return the devices for the runs.

    Args:
        asked: the grid's argument `device`; None for every GPU that there is, else the CPU.
        interpreter: whose torch is asked.

    Raises:
        UsageError: it names several devices.
        YolopatchError: torch does not have the device.
    """
    if asked is None:
        gpus = list_gpus(interpreter.executable)
        return Devices(tuple(_visible(number) for number in range(len(gpus))), None if gpus else CPU)
    if isinstance(asked, list) or "," in str(asked):
        raise UsageError(
            f"[train] device = {asked!r}: a run has one device",
            hint="leave it out: the runs share all GPUs, each with one of its own",
        )
    device = read_device(str(asked))
    require_device(device, interpreter.executable, who="[train] device asks for", without_gpu='device = "cpu"')
    if device in (CPU, MPS):
        return Devices((), device)
    return Devices((_visible(int(device.partition(":")[2])),), None)


def _visible(number: int) -> str:
    """Return what CUDA_VISIBLE_DEVICES calls the GPU that torch numbers so: the user may have set it."""
    names = [name.strip() for name in os.environ.get(VISIBLE_GPUS, "").split(",") if name.strip()]
    return names[number] if number < len(names) else str(number)
