"""`loss` tells an edited loss, and whether it is the one in use; `memory` measures without taking what it measures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from yolopatch.steps.verify.verify import verify

PIN = "ultralytics-8.3.0"
METRICS, LOSS = "ultralytics/utils/metrics.py", "ultralytics/utils/loss.py"
CIOU = "return iou - (rho2 / c2 + v * alpha)"


@pytest.fixture
def copied(full_workspace, tmp_path):
    """A workspace for one test alone."""

    def copy(pin: str = PIN) -> Path:
        place = tmp_path / "workspace"
        shutil.copytree(full_workspace(pin), place, symlinks=True)
        return place

    return copy


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def loss_of(base_cfg):
    """Run the check `loss` on a base model in a workspace."""

    def run(place: Path, model: str = "yolo11", task: str = "detect"):
        (found,) = verify(place, base_cfg(model, "n", task), "n", checks=("loss",)).checks
        return found

    return run


def copy_elsewhere(place: Path) -> None:
    """Edit the loss in a file that nobody imports."""
    other = place / "ultralytics/utils/loss_new.py"
    shutil.copy(place / LOSS, other)
    replace(other, "* weight).sum()", "* weight * 2).sum()")


@pytest.mark.more
def test_an_edited_loss_is_told_with_its_figures_and_an_edited_copy_as_not_in_use(copied, loss_of):
    place = copied()
    replace(place / METRICS, CIOU, "return iou - 2 * (rho2 / c2 + v * alpha)")
    copy_elsewhere(place)
    found = loss_of(place)
    assert found.status == "warn"
    assert f"edited: {METRICS} (bbox_iou)" in found.summary
    assert "not in use: ultralytics/utils/loss_new.py (BboxLoss.forward)" in found.summary
    box = found.evidence["parts"]["box"]
    assert f"box {box['here']:.6g} instead of {box['upstream']:.6g}" in found.summary
    assert box["here"] > box["upstream"]
    assert found.evidence["gradient_degrees"] > 0.1


@pytest.fixture
def pasted(pristine_tree, tmp_path):
    """A copy of a pin that yolopatch did not make, for one test alone."""

    def copy(pin: str) -> Path:
        place = tmp_path / "pasted"
        shutil.copytree(pristine_tree(pin), place, ignore=shutil.ignore_patterns(".git"))
        return place

    return copy


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pin", "model"), [("ultralytics-8.2.50", "yolov8"), (PIN, "yolo11"), ("ultralytics-8.4.0", "yolo26")]
)
def test_a_factor_in_a_checkout_that_yolopatch_did_not_make_is_told_as_one(pin, model, pasted, loss_of):
    place = pasted(pin)
    replace(place / LOSS, "loss_iou = ((1.0 - iou)", "loss_iou = (1.5 * (1.0 - iou)")
    found = loss_of(place, model)
    assert found.status == "warn"
    assert "(1.5 times)" in found.summary
    assert f"put back upstream's own code: {LOSS} (BboxLoss.forward)" in found.hint
    assert "git" not in found.hint


@pytest.mark.slow
def test_a_clone_of_yolov5_is_compared_with_the_release_of_most_of_its_files(pasted, loss_of):
    place = pasted("yolov5-6.1")
    replace(place / "utils/loss.py", "lbox += (1.0 - iou)", "lbox += 2 * (1.0 - iou)")
    found = loss_of(place, "yolov5")
    assert "(2 times); the gradients that differ keep their direction" in found.summary


@pytest.mark.slow
def test_a_loss_that_is_defined_and_not_used_is_no_fault_and_is_named(pasted, loss_of):
    place = pasted(PIN)
    (place / "ultralytics/utils/wiou.py").write_text("class WIoU:\n    def forward(self, x):\n        return x\n")
    (place / METRICS).write_text((place / METRICS).read_text() + "\n\ndef inner_iou(a, b):\n    return a\n")
    (place / "plots.py").write_text("def plot_loss(x):\n    return x\n")
    found = loss_of(place)
    assert found.status == "pass"
    named = f"{METRICS} (inner_iou), ultralytics/utils/wiou.py (WIoU)"
    assert found.summary.endswith(f"; defined but not in use: {named}")


@pytest.mark.slow
def test_an_edited_loss_in_a_file_that_is_not_imported_changes_nothing(copied, loss_of):
    place = copied()
    copy_elsewhere(place)
    found = loss_of(place)
    assert found.status == "warn"
    assert "the loss is upstream's (bit for bit): the edited ultralytics/utils/loss_new.py" in found.summary
    assert LOSS in found.hint


@pytest.mark.slow
def test_an_option_of_the_loss_that_nobody_switches_on_is_told(copied, loss_of):
    place = copied()
    replace(place / METRICS, "CIoU=False, eps", "CIoU=False, own=False, eps")
    replace(place / METRICS, f"            {CIOU}", f"            return 0 * iou if own else {CIOU[7:]}")
    found = loss_of(place)
    assert found.status == "warn"
    assert "is edited: the edit changes nothing here" in found.summary


@pytest.mark.slow
def test_comments_and_unchanged_copies_of_the_loss_are_no_edits(copied, loss_of):
    place = copied()
    replace(place / METRICS, CIOU, f"# as the paper says\n                {CIOU}")
    shutil.copy(place / LOSS, place / "backup of loss.py")
    found = loss_of(place)
    assert found.status == "pass", found.summary


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "what", "remedy"),
    [
        ((METRICS, CIOU, "return iou - unknown"), "uses the name unknown", f"mend {METRICS}:"),
        ((METRICS, CIOU, "return iou - self.alpha"), "uses the name self", f"mend {METRICS}:"),
        ((LOSS, "CIoU=True)", "Wise=True)"), "unexpected keyword argument 'Wise'", f"mend {LOSS}:"),
        # the error comes out at a line that is upstream's own
        (
            (METRICS, CIOU, "return iou, rho2"),
            "AttributeError: 'tuple' object",
            f"mend {METRICS} (bbox_iou): the error comes out at tal.py:",
        ),
        (
            (METRICS, CIOU, "return (iou - rho2)[:2, :1].repeat(1, 3)"),
            "RuntimeError: shape mismatch",
            f"mend {METRICS} (bbox_iou): the error comes out at tal.py:",
        ),
        # no exception at all
        (
            (METRICS, CIOU, "return iou - (rho2 / c2 + v * alpha) * 0 / (v * 0)"),
            "the loss (box, cls, dfl) of fixed boxes is not",
            "eps",
        ),
        ((METRICS, CIOU, "return iou - (iou * 0).sqrt()"), "the gradient of the loss of fixed boxes is not", "eps"),
    ],
)
def test_a_broken_edit_of_the_loss_is_told_with_its_place_and_its_cause(edit, what, remedy, copied, loss_of):
    place = copied()
    file, old, new = edit
    replace(place / file, old, new)
    found = loss_of(place)
    assert found.status == "fail"
    assert what in found.summary
    assert remedy in found.hint


@pytest.mark.slow
def test_an_edited_loss_of_yolov5_is_told(copied, loss_of):
    place = copied("yolov5-pypi-6.1.0")
    replace(place / "yolov5/utils/loss.py", "(1.0 - iou).mean()", "(1.0 - iou).pow(2).mean()")
    found = loss_of(place, "yolov5")
    assert found.status == "warn"
    assert "edited: yolov5/utils/loss.py (ComputeLoss.__call__)" in found.summary


@pytest.mark.slow
@pytest.mark.parametrize("task", ["detect", "segment", "pose", "obb", "classify"])
@pytest.mark.parametrize(
    ("pin", "model"), [("ultralytics-8.2.50", "yolov8"), (PIN, "yolo11"), ("ultralytics-8.4.0", "yolo26")]
)
def test_the_loss_of_every_task_is_upstreams_bit_for_bit(pin, model, task, full_workspace, loss_of):
    found = loss_of(full_workspace(pin), model, task)
    assert (found.status, "bit for bit" in found.summary) == ("pass", True), found.summary


@pytest.fixture
def rtdetr(pristine_tree):
    """Give upstream's YAML of RT-DETR's head behind YOLOv8, whose forward takes the labels in training."""
    return lambda pin: pristine_tree(pin) / "ultralytics/cfg/models/v8/yolov8-rtdetr.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", PIN, "ultralytics-8.4.0"])
def test_what_needs_the_outputs_of_training_can_be_checked_of_rtdetr(pin, full_workspace, rtdetr):
    needing = ("base-parity", "batch-independence", "loss", "memory")
    found = verify(full_workspace(pin), rtdetr(pin), "n", imgsz=320, checks=needing).checks
    assert {one.id: one.summary for one in found if one.status != "pass"} == {}
    told = {one.id: one.summary for one in found}
    assert "bit for bit: giou " in told["loss"]
    assert "not measured at" not in told["memory"]


# Runs one model twice: in fake tensors, and in real ones.
_BOTH_WAYS = """
import sys
sys.path.insert(0, sys.argv[1])
from copy import deepcopy
from pathlib import Path
from yolopatch.probe.upstreams.opening import open_upstream
from yolopatch.probe.measure.batches import task_batch
from yolopatch.probe.measure.memory import inference_memory, training_memory, without_values

upstream = open_upstream("ultralytics")
model = upstream.build(upstream.read(sys.argv[2], "n"))
batch = task_batch("detect", model, 80, 128)
loss_of = lambda outputs: upstream.loss_of(model.train(), outputs, batch)[0]
real, fake = deepcopy(model), deepcopy(model)
(images,) = without_values(fake, batch["img"])
for one, x in ((real, batch["img"]), (fake, images)):
    outputs_of = lambda: upstream.outputs(one, {**batch, "img": x})
    found = inference_memory(one, x), training_memory(one, x, outputs_of, loss_of)
    print("PEAKS", *(memory.peak for memory in found), found[1].largest.layer, *found[1].largest.shape)
"""


@pytest.mark.slow
@pytest.mark.parametrize("model", ["yolo11", "rtdetr"])
def test_tensors_without_values_take_as_much_memory_as_real_ones(model, in_upstream, full_workspace, base_cfg, rtdetr):
    place = full_workspace(PIN)
    cfg = rtdetr(PIN) if model == "rtdetr" else base_cfg(model, "n")
    said = in_upstream(place, _BOTH_WAYS, str(place), str(cfg))
    real, fake = (line.split()[1:] for line in said.splitlines() if line.startswith("PEAKS"))
    assert [int(n) for n in fake[:2]] == pytest.approx([int(n) for n in real[:2]], rel=0.02)
    assert fake[2:] == real[2:]
