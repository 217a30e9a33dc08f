"""What the models of a grid cost: measured before the first run, when nothing else of ours works on the machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from yolopatch.core.ablate.record import MeasuredModel, model_key
from yolopatch.core.ablate.results import ModelFigures
from yolopatch.core.compare.rows import Method, Row
from yolopatch.outside.watch import Watch
from yolopatch.steps.ablate.prepare import PreparedGrid
from yolopatch.steps.compare.compare import Options, compare

_BY_HAND = 640  # pixels: upstream's default


def measure_models(grid: PreparedGrid, cache: Path, watch: Watch) -> PreparedGrid:
    """Count and time the models that are not measured yet; a model that does not build is found here, too.

    Raises:
        YolopatchError: a model does not build or run.
    """
    of = {key: f"{grid.record.commits[key[0]]} {model.sha256}" for key, model in grid.models.items()}
    known = {key: grid.record.models.get(model_key(*key)) for key in of}
    if all(one is not None and one.of == of[key] for key, one in known.items()):
        return grid
    # all of them again: figures of two times are not comparable
    found = compare(
        [f"{model_key(*key)}={model.cfg}" for key, model in grid.models.items()],
        Options(imgsz=_side(grid), device=_device(grid), python=grid.interpreter.executable),
        cache,
        watch,
    )
    models = {
        model_key(*key): MeasuredModel(of[key], _figures(row), row.rates) for key, row in zip(grid.models, found.rows)
    }
    record = replace(grid.record, models=models, how=_how(found.method))
    return replace(grid, record=record, notes=(*grid.notes, *found.notes))


def _how(method: Method) -> str:
    """Return how and on what the models were timed, in words."""
    places = " and ".join(dict.fromkeys(process.place for process in method.processes))
    return (
        f"a forward of one image of {method.imgsz} px in {method.precision} after upstream's fuse(), without NMS, the "
        f"median of at least {min(process.rounds for process in method.processes)} rounds on {places}, each workspace "
        "in a process of its own, one after the other"
    )


def _figures(row: Row) -> ModelFigures:
    return ModelFigures(row.parameters, row.gflops_true, row.times.median if row.times else None, row.fps)


def _side(grid: PreparedGrid) -> int:
    side = grid.arguments.call.get("imgsz", _BY_HAND)
    return side if isinstance(side, int) else _BY_HAND


def _device(grid: PreparedGrid) -> str | None:
    """Return where the models are timed: on this machine, also where the runs are trained on others."""
    return "cuda:0" if grid.devices.gpus else grid.devices.argument
