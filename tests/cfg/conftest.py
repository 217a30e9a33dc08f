"""What the YAML tests share: the templates, real upstream trees, and a child process to build in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jinja2 import FileSystemLoader

from yolopatch.catalog.model.base_model import DETECT, TASKS
from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.modules import MODULES
from yolopatch.core.model.cfg_text import Cfg, render_text
from yolopatch.core.model.layout import Replacement
from yolopatch.core.model.placement import choose
from yolopatch.core.templates import template_environment

ROOT = Path(__file__).resolve().parents[2]

# each base model's own file, in the tree of the pin that it belongs to
_OWN_FILES = {
    "yolo26": ("ultralytics-8.4.0", "ultralytics/cfg/models/26/yolo26{task}.yaml"),
    "yolo11": ("ultralytics-8.3.0", "ultralytics/cfg/models/11/yolo11{task}.yaml"),
    "yolov8": ("ultralytics-8.2.50", "ultralytics/cfg/models/v8/yolov8{task}.yaml"),
    "yolov5": ("yolov5-pypi-6.1.0", "yolov5/models/yolov5{scale}.yaml"),
    "yolo12": ("ultralytics-8.4.0", "ultralytics/cfg/models/12/yolo12{task}.yaml"),
    "yolov10": ("ultralytics-8.4.0", "ultralytics/cfg/models/v10/yolov10{scale}.yaml"),
    "yolov9": ("ultralytics-8.4.0", "ultralytics/cfg/models/v9/yolov9{scale}{task}.yaml"),
    "rtdetr": ("ultralytics-8.4.0", "ultralytics/cfg/models/rt-detr/rtdetr-{scale}.yaml"),
}


@pytest.fixture(scope="session")
def own_file(pristine_tree: Callable[[str], Path]) -> Callable[..., Path]:
    """Give upstream's own file of a base model; of some families it has one for each scale."""

    def file(model: str, scale: str = "all", task: str = DETECT) -> Path:
        pin, path = _OWN_FILES[model]
        return pristine_tree(pin) / path.format(scale=scale, task=TASKS[task])

    return file


@pytest.fixture(scope="session")
def own_text(own_file: Callable[..., Path]) -> Callable[..., str]:
    """Give the text of upstream's own file of a base model."""
    return lambda model, scale, task=DETECT: own_file(model, scale, task).read_text("utf-8")


@pytest.fixture(scope="session")
def rendered() -> Callable[..., str]:
    """Give the text of a render: model and scale, and a module with flavor and placement if any."""
    env = template_environment(FileSystemLoader(ROOT / "templates"))

    def text(
        model: str,
        scale: str = "all",
        module: str | None = None,
        flavor: str = "paper",
        placement: str | None = None,
        block: bool = False,
        nc: int | None = None,
        task: str = DETECT,
    ) -> str:
        base = find_model(model, task).at(scale)
        replacements = ()
        if module:
            chosen = choose(base, MODULES[module], flavor, placement, block)
            replacements = (Replacement(MODULES[module], flavor, chosen),)
        return render_text(Cfg(base, scale, nc or base.nc, replacements), env)

    return text


@pytest.fixture
def in_child(running_tree: Callable[[str], Path], in_upstream: Callable[..., str]) -> Callable[..., Any]:
    """Run a script on a base model's real package in a child process, JSON in and out."""

    def run(model: str, script: str, given: object) -> Any:
        told = in_upstream(running_tree(_OWN_FILES[model][0]), script, given=given)
        return json.loads(told.splitlines()[-1])  # upstream logs to stdout too

    return run
