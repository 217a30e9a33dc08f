"""New layers, several modules and the other tasks' models pass every check, and each layer is told for what it is."""

from __future__ import annotations

import pytest

from yolopatch.catalog.model.models import find_model
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import templates_dir
from yolopatch.steps.model.render import render
from yolopatch.steps.model.render_request import RenderRequest
from yolopatch.steps.verify.verify import verify
from yolopatch.wire.statuses import FAIL, SKIP


@pytest.fixture
def verified(full_workspace, tmp_path):
    """Verify a file with modules in it, in their pin's workspace."""

    def run(pin: str, *modules: str, **request):
        asked = RenderRequest(modules, PINS[pin].model, scales="n", out=tmp_path, **request)
        (file,) = render(asked, templates_dir()).files
        return file, verify(full_workspace(pin), file.path, "n", imgsz=320)

    return run


def faults(found) -> dict[str, str]:
    return {check.id: check.summary for check in found.checks if check.status in (FAIL, SKIP)}


@pytest.mark.slow
@pytest.mark.parametrize("pin", ["ultralytics-8.4.0", "yolov5-pypi-6.1.0"])
def test_new_layers_before_the_head_leave_the_rest_as_it_was(pin, verified):
    file, found = verified(pin, "RefConv", "DSConv", placements=("DSConv:before-head",))
    assert faults(found) == {}
    evidence = next(check.evidence for check in found.checks if check.id == "only-intended")
    new = file.placed[1].inserted
    assert evidence["inserted"] == [f"layer {number} (DSConv2D)" for number in new]
    assert [entry["layer"] for entry in evidence["replaced"]] == [1, 3, 5, 7]


@pytest.mark.parametrize(
    ("pin", "task", "module", "block"),
    [
        pytest.param("ultralytics-8.2.50", "classify", "SPConv", False, marks=pytest.mark.slow),
        pytest.param("ultralytics-8.3.0", "obb", "RefConv", True, marks=pytest.mark.slow),
        pytest.param("ultralytics-8.4.0", "segment", "Dynamic_conv2d", False, marks=pytest.mark.slow),
        pytest.param("ultralytics-8.4.0", "pose", "DSConv", True, marks=pytest.mark.slow),
        # its rows are those of yolo11-cls.yaml, too
        pytest.param("ultralytics-8.4.0", "classify", "DynamicConv", False, marks=pytest.mark.slow),
    ],
)
def test_a_module_in_another_tasks_model(pin, task, module, block, verified):
    file, found = verified(pin, module, task=task, block=block)
    assert faults(found) == {}
    data = found.data()
    assert (data["task"], data["verdict"]) == (task, "pass")
    assert data["replaced"] == list(file.layers)
    evidence = next(check.evidence for check in found.checks if check.id == "only-intended")
    assert evidence["base"] == f"{find_model(PINS[pin].model, task).stem()}.yaml"
