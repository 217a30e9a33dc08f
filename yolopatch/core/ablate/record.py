"""The record of a grid's folder: what was made and measured before the first run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from yolopatch.core.ablate.results import ModelFigures
from yolopatch.core.plain_json import load_json
from yolopatch.core.typed import require_types

RECORD = "ablation.json"


@dataclass(frozen=True)
class MeasuredModel:
    """The figures of one model, and what they are of: the commit and the YAML, as one text.

    `rates` has the layers with parameters whose learning rate upstream's trainer multiplies, by the number, as text.
    """

    of: str
    figures: ModelFigures
    rates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GridRecord:
    """What a grid's folder holds.

    Attributes:
        yolopatch: the version that wrote it.
        where: the folder that the paths in the grid are relative to.
        pin: whose code trains.
        data: the data set, as upstream is told.
        sha256: of the data set.
        classes: their number.
        fitness: the weights by which upstream finds its best epoch.
        commits: of each arm's workspace.
        seed_patch: whether the workspaces have it; None for a pin that needs none.
        models: by arm and scale, as `arm/scale`.
        how: how the models were measured, in words.
    """

    yolopatch: str
    where: str
    pin: str
    data: str
    sha256: str
    classes: int
    fitness: tuple[float, ...]
    commits: Mapping[str, str]
    seed_patch: bool | None
    models: Mapping[str, MeasuredModel] = field(default_factory=dict)
    how: str = ""


def model_key(arm: str, scale: str) -> str:
    """Return the key of a model in `GridRecord.models`."""
    return f"{arm}/{scale}"


def write_record(record: GridRecord) -> bytes:
    """Return the content of the record's file."""
    return (json.dumps(asdict(record), indent=2, ensure_ascii=False) + "\n").encode()


def read_record(data: bytes) -> GridRecord | None:
    """Return the record, or None if this version cannot read the file."""
    try:
        content: dict[str, Any] = load_json(data)
        models = {
            key: MeasuredModel(one["of"], ModelFigures(**one["figures"]), one.get("rates", {}))
            for key, one in content.pop("models").items()
        }
        record = GridRecord(**content, models=models)
        require_types(record)
        return replace(record, fitness=tuple(record.fitness))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
