"""What maintainers measured of a module, and the year of its paper."""

from __future__ import annotations

import re
from dataclasses import dataclass

from yolopatch.catalog.costs import measured_costs
from yolopatch.catalog.module import Module

_PUBLISHED = re.compile(r"\([^()]*\b((?:19|20)\d\d)\)")
_ARXIV = re.compile(r"\barXiv (\d\d)\d\d\.\d{4,5}\b")


@dataclass(frozen=True)
class Measured:
    """A module in a model, against its base model.

    Attributes:
        pin: whose code built the models.
        model: the base model at a scale: `yolo11n`.
        imgsz: side of the image of the GFLOPs, in pixels.
        placement: where the module stands; "" of a loss, which is in no layer.
        parameters, base_parameters: of the two models.
        gflops, base_gflops: as torch's FlopCounterMode counts them.
        more_parameters, more_gflops: the changes in percent.
        verdict: what `verify` says of the model, by `checks`.
        failed, warned: the ids of the checks that did not pass.
        checks: the ids of those that were run.
    """

    pin: str
    model: str
    imgsz: int
    placement: str
    parameters: int
    base_parameters: int
    gflops: float
    base_gflops: float
    more_parameters: float
    more_gflops: float
    verdict: str
    failed: tuple[str, ...]
    warned: tuple[str, ...]
    checks: tuple[str, ...]


def measured(module: Module) -> Measured | None:
    """Return what was measured of a module; None of one of the user's own, whatever its name."""
    costs = measured_costs()
    cost = None if module.home else costs.modules.get(module.name)
    if cost is None:
        return None
    return Measured(
        pin=costs.pin,
        model=cost.model,
        imgsz=costs.imgsz,
        placement=cost.placement,
        parameters=cost.parameters,
        base_parameters=cost.base_parameters,
        gflops=cost.gflops,
        base_gflops=cost.base_gflops,
        more_parameters=round(cost.more_parameters, 2),
        more_gflops=round(cost.more_gflops, 2),
        verdict=cost.verdict,
        failed=cost.failed,
        warned=cost.warned,
        checks=costs.checks["layers" if cost.placement else "loss"],
    )


def year_of(paper: str) -> int | None:
    """Return the year in which a paper was published, else that of its arXiv number; None where it has neither."""
    published, posted = _PUBLISHED.search(paper), _ARXIV.search(paper)
    if published:
        return int(published[1])
    return 2000 + int(posted[1]) if posted else None
