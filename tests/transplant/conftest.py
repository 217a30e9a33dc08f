"""What the tests of transplants share."""

from __future__ import annotations

import pytest

from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest


@pytest.fixture
def rendered(tmp_path):
    """Render one file with a module and give what the step says of it: its path, and where the module stands."""

    def write(pin: str, module: str, **request):
        asked = RenderRequest((module,), **{"model": PINS[pin].model, "scales": "n", "out": tmp_path, **request})
        (file,) = render(asked, templates_dir()).files
        return file

    return write
