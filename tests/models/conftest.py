"""What the model tests share: the published numbers, and questions to the probe about rendered files."""

from __future__ import annotations

import pytest
from jinja2 import FileSystemLoader

from yolopatch.catalog.models import find_model
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.core.cfg import Cfg, environment, file_name, render_text
from yolopatch.outside.probe import Question, ask
from yolopatch.steps.render import RenderRequest, render

SCALES = "nsmlx"


@pytest.fixture
def base_cfg(tmp_path):
    """Write a model's YAML with no module in it and return its path."""

    def write(model: str, scale: str):
        cfg = Cfg(find_model(model), scale, 80, None)
        file = tmp_path / file_name(cfg)
        file.write_text(render_text(cfg, environment(FileSystemLoader(templates_dir()))))
        return file

    return write


@pytest.fixture
def module_cfg(tmp_path):
    """Write a model's YAML with a module in it; returns its path and the replaced layers."""

    def write(module: str, model: str, scale: str, flavor: str, block: bool = False):
        request = RenderRequest(module=module, model=model, scales=scale, flavor=flavor, block=block, out=tmp_path)
        (file,) = render(request, templates_dir()).files
        return file.path, file.layers

    return write


@pytest.fixture
def probe(full_workspace):
    """Build YAMLs in a pin's full workspace, in one child process; returns the facts about each."""

    def run(pin: str, flavor: str, scale: str, files, wanted=(), imgsz: int = 64):
        questions = [Question(str(file), scale, tuple(wanted)) for file in files]
        return ask(full_workspace(pin, flavor), PINS[pin], questions, imgsz=imgsz)

    return run
