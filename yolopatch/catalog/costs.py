"""What each module costs and whether its model is verified, as maintainers measured it (`make costs`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from yolopatch.catalog.resources import costs_file, read_data


@dataclass(frozen=True)
class Cost:
    """One module in a model, against its base model.

    Attributes:
        model: the base model at a scale: `yolo11n`.
        placement: where the module stands; "" of a loss, which is in no layer.
        parameters, base_parameters: of the two models.
        gflops, base_gflops: as torch's FlopCounterMode counts them, of one square image.
        verdict: what `verify` says, `pass` or `fail`.
        failed, warned: the ids of the checks that did not pass.
        patch: sha256 of the patch that was measured: a module that changed since has other costs.
    """

    model: str
    placement: str
    parameters: int
    base_parameters: int
    gflops: float
    base_gflops: float
    verdict: str
    failed: tuple[str, ...]
    warned: tuple[str, ...]
    patch: str

    @property
    def more_parameters(self) -> float:
        """The change of the parameters, in percent."""
        return (self.parameters / self.base_parameters - 1) * 100

    @property
    def more_gflops(self) -> float:
        """The change of the GFLOPs, in percent."""
        return (self.gflops / self.base_gflops - 1) * 100


@dataclass(frozen=True)
class Costs:
    """The costs of modules by name, and how they were measured.

    Attributes:
        pin: whose code built the models.
        imgsz: side of the image in pixels.
        checks: the ids of the checks that `verify` ran for modules with layers, and for losses.
    """

    pin: str
    imgsz: int
    checks: Mapping[str, tuple[str, ...]]
    modules: Mapping[str, Cost]


@lru_cache(maxsize=1)
def measured_costs() -> Costs:
    """Return what was measured."""
    says = json.loads(read_data(costs_file()))
    modules = {name: read_cost(cost) for name, cost in says["modules"].items()}
    checks = {kind: tuple(ids) for kind, ids in says["checks"].items()}
    return Costs(says["pin"], says["imgsz"], checks, modules)


def read_cost(says: Mapping[str, object]) -> Cost:
    """Return a cost from its form in the file."""
    lists = {name: tuple(value) for name, value in says.items() if isinstance(value, list)}
    return Cost(**{**says, **lists})  # type: ignore[arg-type]  # the file is ours
