"""The data of a tutorial's run: the post's, the user's, or the set that is generated for quick runs."""

from __future__ import annotations

from pathlib import Path

from yolopatch.catalog.reproduce.quick import SEED
from yolopatch.steps.data.shapes import ShapesRequest, make_shapes
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_plan import RunPlan
from yolopatch.steps.training.data import Asked, TrainingData, prepare_data

_INSTEAD = (
    "train on a small generated set with --quick, or make one: yolopatch data shapes --out shapes, then "
    "--data shapes/data.yaml"
)


def shapes_file(folder: Path) -> Path:
    """Return the data YAML of the generated set for quick runs."""
    return folder / "datasets" / "shapes" / "data.yaml"


def prepare_run_data(reproduction: Reproduction, plan: RunPlan) -> TrainingData:
    """Make, download or check the data of a run.

    Raises:
        YolopatchError: as `prepare_data`.
    """
    if plan.quick and "data" in plan.changes and plan.data == str(shapes_file(reproduction.folder)):
        make_shapes(ShapesRequest(shapes_file(reproduction.folder).parent, seed=SEED))
    return prepare_data(Asked(plan.data, reproduction.workspace, reproduction.interpreter, reproduction.cfg, _INSTEAD))
