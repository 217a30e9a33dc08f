"""`verify` shows that a module's loss is the one in use, raises the overlap, is finite, and leaves the model alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from yolopatch.steps.own.add import AddRequest, add
from yolopatch.steps.verify.verify import verify

PASTED = Path(__file__).parent / "pasted"
PIN = "ultralytics-8.3.0"


@pytest.fixture
def checks(base_cfg):
    """Run checks on a base model in a workspace; gives them by id."""

    def run(place: Path, model: str = "yolo11", task: str = "detect", ids: tuple[str, ...] = ("loss",)):
        found = verify(place, base_cfg(model, "n", task), "n", checks=ids).checks
        return {one.id: one for one in found}

    return run


@pytest.mark.more
def test_a_loss_with_a_state_is_in_use_and_the_model_is_upstreams(with_loss, checks):
    found = checks(with_loss(PIN), ids=("base-parity", "loss"))
    assert found["base-parity"].status == "pass"
    loss = found["loss"]
    assert loss.status == "pass", loss.summary
    assert loss.summary.startswith(
        "WIoU is in use: steps against its gradient raise the overlap of boxes from 0.25 to 0."
    )
    assert "it is finite for 10 of 10 pairs of boxes of all kinds; box " in loss.summary
    assert (loss.evidence["module"], loss.evidence["edited"]["count"]) == ("WIoU", 0)
    assert loss.evidence["parts"]["cls"]["here"] == loss.evidence["parts"]["cls"]["upstream"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pin", "model", "name", "assigner"),
    [
        ("ultralytics-8.2.50", "yolov8", "WIoUv2", False),
        ("ultralytics-8.2.50", "yolov8", "NWD", True),
        ("ultralytics-8.4.0", "yolo26", "WIoU", False),
        ("ultralytics-8.4.0", "yolo26", "SIoU", True),
        ("ultralytics-8.4.0", "yolo26", "InnerIoU", False),
        ("yolov5-pypi-6.1.0", "yolov5", "WIoU", False),
        ("yolov5-pypi-6.1.0", "yolov5", "MPDIoU", False),
        ("yolov5-6.1", "yolov5", "WIoUv1", False),
    ],
)
def test_every_loss_on_every_pin(pin, model, name, assigner, with_loss, checks):
    loss = checks(with_loss(pin, name, assigner), model)["loss"]
    assert loss.status == "pass", loss.summary
    assert ("and boxes are assigned by it" in loss.summary) == assigner
    if pin.startswith("yolov5"):
        objectness = loss.evidence["parts"]["obj"]
        assert objectness["here"] == objectness["upstream"], "its target is upstream's overlap"


@pytest.mark.slow
@pytest.mark.parametrize(("task", "status"), [("segment", "pass"), ("pose", "pass"), ("obb", "fail")])
def test_rotated_boxes_have_another_overlap_which_it_does_not_replace(task, status, with_loss, checks):
    loss = checks(with_loss(PIN), task=task)["loss"]
    assert loss.status == status, loss.summary
    assert ("it never ran: boxes of the task obb are rotated" in loss.summary) == (task == "obb")


@pytest.mark.slow
def test_an_edit_beside_a_modules_loss_is_told_apart_from_it(with_loss, checks):
    place = with_loss(PIN, "SIoU")
    file = place / "ultralytics/utils/loss.py"
    text = file.read_text()
    file.write_text(text.replace("loss_iou = ((1.0 - iou)", "loss_iou = (2.0 * (1.0 - iou)"))
    loss = checks(place)["loss"]
    assert loss.status == "warn"
    assert "the loss of fixed boxes is not SIoU alone" in loss.summary
    assert "edited, too: ultralytics/utils/loss.py (BboxLoss.forward)" in loss.summary


@pytest.mark.slow
def test_a_call_that_was_taken_out_is_a_loss_that_never_runs(with_loss, checks):
    place = with_loss(PIN, "SIoU")
    file = place / "ultralytics/utils/loss.py"
    lines = [line for line in file.read_text().splitlines(True) if "siou_loss.overlap" not in line]
    file.write_text("".join(lines))
    loss = checks(place)["loss"]
    assert loss.status == "fail"
    assert "the workspace has SIoU in the place of the box loss's overlap, and it never ran" in loss.summary


WRONG = {
    "an overlap where a loss is wanted": (
        {"gives": "loss"},
        "return inter / union",
        "do not raise the overlap of boxes",
    ),
    "not finite": ({}, "return torch.log(inter / union)", "is not finite for"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", WRONG)
def test_a_pasted_loss_that_is_none_fails(case, with_loss, checks, own_catalog, cache, tmp_path):
    options, last, said = WRONG[case]
    file = tmp_path / "inner_ciou.py"
    file.write_text((PASTED / "inner_ciou.py").read_text().replace("return inter / union", last))
    add(AddRequest(file, **options), own_catalog, cache)
    loss = checks(with_loss(PIN, "inner_ciou"))["loss"]
    assert loss.status == "fail"
    assert said in loss.summary
