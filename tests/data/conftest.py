"""What the tests of data sets share: a set for each task, and upstream's own reading of one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from yolopatch.steps.data.shapes import ShapesRequest, make_shapes

# counts of images that upstream finds with labels, without, with empty ones, and drops; and of objects
_READ = """
import json, pathlib, sys
import numpy, yaml
from ultralytics.data.dataset import YOLODataset
counts = []
for data, task, part in json.load(sys.stdin):
    said = yaml.safe_load(open(data))
    said["names"] = dict(enumerate(said["names"]))
    said.setdefault("channels", 3)
    found = YOLODataset(img_path=f"{said['path']}/images/{part}", data=said, task=task, imgsz=64, augment=False)
    cache = numpy.load(pathlib.Path(said["path"]) / "labels" / f"{part}.cache", allow_pickle=True).item()
    got, missing, empty, corrupt, total = cache["results"]
    objects = sum(len(label["cls"]) for label in found.labels)
    counts.append({"corrupt": corrupt, "empty": missing + empty, "objects": objects})
print(json.dumps(counts))
"""


@pytest.fixture
def shapes(tmp_path) -> Callable[..., Path]:
    """Make a set of shapes, in a folder with the task's name or another, and return its data YAML."""

    def make(task: str = "detect", folder: str = "", **request) -> Path:
        return make_shapes(ShapesRequest(tmp_path / (folder or task), task, **request)).data

    return make


@pytest.fixture
def read_by_upstream(full_workspace, in_upstream) -> Callable[..., list[dict[str, int]]]:
    """Let ultralytics 8.3.0 read parts of sets, (data, task, part) each, in a child process; returns what it counts."""

    def read(*asked: tuple[Path, str, str]) -> list[dict[str, int]]:
        given = [(str(data), task, part) for data, task, part in asked]
        told = in_upstream(full_workspace("ultralytics-8.3.0"), _READ, given=given)
        return json.loads(told.splitlines()[-1])

    return read
