"""Everything about a run that can be known before it trains."""

from __future__ import annotations

from dataclasses import dataclass

from yolopatch.steps.reproduction import Reproduction
from yolopatch.steps.run_data import RunData, prepare_data, shapes_file
from yolopatch.steps.run_plan import RunPlan, RunRequest, plan_run
from yolopatch.steps.trainable import require_trainable


@dataclass(frozen=True)
class Ready:
    """What can be known before training, checked."""

    plan: RunPlan
    data: RunData
    fresh: bool


def get_ready(found: Reproduction, request: RunRequest) -> Ready:
    """Check the environment, the arguments, the device and the data, in this order.

    Raises:
        UsageError: an argument that cannot be.
        YolopatchError: the environment, the device or the data would not do.
    """
    require_trainable(found)
    planned = plan_run(found, request, shapes_file(found.folder))
    return Ready(planned, prepare_data(found, planned), request.fresh)
