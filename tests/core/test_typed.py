"""Records that somebody edited by hand are held against the types of their fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from yolopatch.core.ablate.record import GridRecord, MeasuredModel, read_record, write_record
from yolopatch.core.ablate.results import ModelFigures
from yolopatch.core.training.run import Attempt, Run, Wanted, read_run, write_run
from yolopatch.core.typed import require_types


@dataclass(frozen=True)
class Part:
    size: int


@dataclass(frozen=True)
class Whole:
    name: str = "a"
    number: float = 1.5
    count: int = 1
    flag: bool = True
    text: str | None = None
    parts: tuple[Part, ...] = (Part(1),)
    lists: Sequence[float] = (1, 2.5)
    table: Mapping[str, Part] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"number": 3, "lists": [], "text": "b"},
        {"parts": [Part(2), Part(3)], "table": {"x": Part(1)}, "more": {"y": [None, {}]}},
    ],
)
def test_values_of_their_types_are_taken(values):
    require_types(Whole(**values))


@pytest.mark.parametrize(
    "values",
    [
        {"name": None},
        {"name": 3},
        {"number": "1"},
        {"number": float("nan")},
        {"number": float("inf")},
        {"number": True},
        {"count": 1.0},
        {"count": False},
        {"flag": 1},
        {"flag": "false"},
        {"text": 0},
        {"parts": "ab"},
        {"parts": ({"size": 1},)},
        {"parts": (Part("1"),)},
        {"lists": [1, "2"]},
        {"lists": {1: 2}},
        {"table": {"x": Part(None)}},
        {"table": {1: Part(1)}},
        {"table": []},
        {"more": [("a", 1)]},
    ],
    ids=str,
)
def test_values_of_other_types_are_refused(values):
    with pytest.raises(TypeError, match=next(iter(values))):
        require_types(Whole(**values))


RUN = Run(
    1,
    Wanted({"epochs": 2}, "n", False, False, "a" * 40, (), "b", "c"),
    (Attempt("2026-01-01", None, {"host": "here"}),),
    seconds=2.5,
    trained=True,
)
GRID = GridRecord(
    "1.0",
    "/somewhere",
    "ultralytics-8.3.0",
    "coco8.yaml",
    "d",
    80,
    (0.0, 0.9),
    {"base": "a" * 40},
    True,
    {"base/n": MeasuredModel("e", ModelFigures(2_600_000, 6.5, None, None))},
)


def test_what_was_written_is_read():
    folder = Path("/grid/runs/base-n-0")
    assert read_run(write_run(RUN, folder, Path("/grid")), folder) is not None
    assert read_record(write_record(GRID)) is not None


@pytest.mark.parametrize("value", [None, 3, "x", [1], {"a": 1}], ids=str)
@pytest.mark.parametrize("key", ["number", "attempts", "trained", "seconds", "why", "arrived", "wanted", "outcome"])
def test_an_edited_record_of_a_run_is_none_or_has_its_types(key, value):
    folder = Path("/grid/runs/base-n-0")
    content = json.loads(write_run(RUN, folder, Path("/grid"))) | {key: value}
    found = read_run(json.dumps(content).encode(), folder)
    if found is not None:
        assert getattr(found, key) == value
        require_types(found)


@pytest.mark.parametrize("value", [None, 3, "x", [1], {"a": 1}], ids=str)
@pytest.mark.parametrize("key", ["commits", "models", "fitness", "classes", "seed_patch", "how"])
def test_an_edited_record_of_a_grid_is_none_or_has_its_types(key, value):
    found = read_record(json.dumps(json.loads(write_record(GRID)) | {key: value}).encode())
    if found is not None:
        require_types(found)
