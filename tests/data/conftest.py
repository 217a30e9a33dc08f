"""What the tests of data sets share: a set for each task, and upstream's own reading of one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from yolopatch.steps.data.shapes import ShapesRequest, make_shapes

# counts of images that upstream finds with labels, without, with empty ones, and drops; and of objects
_READ = """
import json, sys
import yaml
from ultralytics.data.dataset import YOLODataset
data, task, part = json.load(sys.stdin)
said = yaml.safe_load(open(data))
said["names"] = dict(enumerate(said["names"]))
said.setdefault("channels", 3)
found = YOLODataset(img_path=f"{said['path']}/images/{part}", data=said, task=task, imgsz=64, augment=False)
import pathlib, numpy
cache = numpy.load(pathlib.Path(said["path"]) / "labels" / f"{part}.cache", allow_pickle=True).item()
got, missing, empty, corrupt, total = cache["results"]
print(json.dumps({"corrupt": corrupt, "empty": missing + empty,
                  "objects": sum(len(label["cls"]) for label in found.labels)}))
"""


@pytest.fixture
def shapes(tmp_path) -> Callable[..., Path]:
    """Make a set of shapes and return its data YAML."""

    def make(task: str = "detect", **request) -> Path:
        return make_shapes(ShapesRequest(tmp_path / task, task, **request)).data

    return make


@pytest.fixture
def read_by_upstream(full_workspace, in_upstream) -> Callable[[Path, str, str], dict[str, int]]:
    """Let ultralytics 8.3.0 read a part of a set in a child process; returns what it counts."""

    def read(data: Path, task: str, part: str) -> dict[str, int]:
        told = in_upstream(full_workspace("ultralytics-8.3.0"), _READ, given=[str(data), task, part])
        return json.loads(told.splitlines()[-1])

    return read
