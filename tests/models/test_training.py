"""Upstream's own training, checkpoint and prediction run on a patched workspace, as a user would run them."""

from __future__ import annotations

import pytest

from yolopatch.steps.data.shapes import ShapesRequest, make_shapes

from ..of_tutorials import MODULES

TRAIN = """
import sys
from ultralytics import YOLO
cfg, data, image, out = sys.argv[1:]
YOLO(cfg).train(data=data, epochs=1, imgsz=64, batch=4, workers=0, optimizer="SGD", amp=False, device="cpu",
                project=out, name="run", plots=False, verbose=False)
best = YOLO(f"{out}/run/weights/best.pt")
print("CLASSES", best.task, {type(layer).__name__ for layer in best.model.model})
print("PREDICTED", len(best.predict(image, imgsz=64, verbose=False)))
"""


@pytest.fixture
def trained(full_workspace, in_upstream, tmp_path):
    """Make shapes, train one epoch on them, load the checkpoint and predict; returns what was printed."""

    def run(cfg, task: str) -> str:
        made = make_shapes(ShapesRequest(tmp_path / "shapes", task, images=4, side=64))
        image = next((tmp_path / "shapes").rglob("*.png"))
        return in_upstream(full_workspace("ultralytics-8.3.0"), TRAIN, cfg, made.data, image, tmp_path / "runs")

    return run


# the tasks below train the others, in their blocks
TRAINED_ELSEWHERE = ("RefConv", "SPConv", "DynamicConv", "DSConv")


@pytest.mark.more
@pytest.mark.parametrize(
    "module",
    [pytest.param(name, marks=[pytest.mark.slow] if name in TRAINED_ELSEWHERE else []) for name in MODULES],
)
def test_a_paper_module_trains_is_saved_and_predicts(module, trained, module_cfg):
    path, _ = module_cfg(module, "yolo11", "n", "paper")
    told = trained(path, "detect")
    placed = MODULES[module].suffixed("C3k2" if module == "DSConv" else "Conv")
    assert f"'{placed}'" in told
    assert "PREDICTED 1" in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "module", "head"),
    [
        ("segment", "RefConv", "Segment"),
        pytest.param("pose", "SPConv", "Pose", marks=pytest.mark.slow),
        pytest.param("obb", "DynamicConv", "OBB", marks=pytest.mark.slow),
        ("classify", "DSConv", "Classify"),
    ],
)
def test_the_other_tasks_train_with_a_module_in_every_block(task, module, head, trained, module_cfg):
    path, _ = module_cfg(module, "yolo11", "n", "paper", block=True, task=task)
    told = trained(path, task)
    assert f"CLASSES {task} " in told
    assert f"'{head}'" in told
    assert f"'C3k2_{module}'" in told
    assert "PREDICTED 1" in told
