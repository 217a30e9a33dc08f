"""The places for the lines of a loss are found in every pin, and a release without one is refused with the line."""

from __future__ import annotations

import pytest

from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import source_file
from yolopatch.core.code.anchors import AnchorNotFound
from yolopatch.core.edits import Edit
from yolopatch.core.own.patch import own_changes
from yolopatch.core.paste.reading import read_paste
from yolopatch.outside.files.templates import load_templates

LOSS = "ultralytics/utils/loss.py"
ULTRALYTICS = [name for name, pin in PINS.items() if pin.upstream == "ultralytics"]


def changes_of(pin: str, name: str, texts: dict[str, str], flavor: str = "paper") -> list[Edit]:
    module = MODULES[name]
    paste = read_paste(source_file(module.source).read_bytes(), name)
    made, _ = own_changes(PINS[pin], module, paste, texts, load_templates(), flavor)
    return [change for change in made if isinstance(change, Edit)]


def shown(edit: Edit, text: str) -> tuple[str, str, str]:
    """The line before an edit, its lines, and the line behind it."""
    lines = text.splitlines()
    return lines[edit.at - 1].strip(), edit.text.strip(), lines[edit.at].strip()


@pytest.mark.parametrize("pin", ULTRALYTICS)
def test_the_overlap_is_judged_where_the_loss_takes_it(pin, texts):
    found = texts(pin)
    edits = [shown(edit, found[edit.path]) for edit in changes_of(pin, "SIoU", found)]
    assert (
        "iou = bbox_iou(pred_bboxes[fg_mask], target_bboxes[fg_mask], xywh=False, CIoU=True)",
        "iou = siou_loss.overlap(self, iou, pred_bboxes, target_bboxes, anchor_points, fg_mask)",
        "loss_iou = ((1.0 - iou) * weight).sum() / target_scores_sum",
    ) in edits
    assert ("self.bbox_loss = BboxLoss(m.reg_max).to(device)", "siou_loss.prepare(self.bbox_loss, m)") in [
        edit[:2] for edit in edits
    ]
    assert len(edits) == 3


@pytest.mark.parametrize("pin", ["yolov5-6.1", "yolov5-pypi-6.1.0"])
def test_the_objectness_keeps_upstreams_overlap(pin, texts):
    found = texts(pin)
    edits = [shown(edit, found[edit.path]) for edit in changes_of(pin, "SIoU", found)]
    called = "plain, iou = iou, siou_loss.overlap(self, iou, i, pbox, tbox[i], pi)"
    (judged,) = [edit for edit in edits if edit[1] == called]
    assert judged[2].startswith("lbox += (1.0 - iou).mean()")
    (restored,) = [edit for edit in edits if edit[1].startswith("iou = plain")]
    assert restored[0].startswith("lbox += (1.0 - iou).mean()")


@pytest.mark.parametrize("pin", ULTRALYTICS)
def test_a_state_lives_in_the_head_and_an_end_to_end_model_has_two(pin, texts):
    found = texts(pin)
    edits = [shown(edit, found[edit.path])[1] for edit in changes_of(pin, "WIoU", found)]
    assert "wiou_loss.keep_state(layers[-1])" in edits
    seconds = found[LOSS].count("self.one2one = ")
    assert edits.count("wiou_loss.second(self.one2one)") == seconds


@pytest.mark.parametrize("pin", ULTRALYTICS)
def test_an_assigner_returns_before_upstreams_own_overlap(pin, texts):
    found = texts(pin)
    edits = [shown(edit, found[edit.path]) for edit in changes_of(pin, "NWD", found, "assigner")]
    (line,) = [edit for edit in edits if "assigned" in edit[1]]
    assert line[1:] == (
        "return nwd_loss.assigned(gt_bboxes, pd_bboxes)",
        "return bbox_iou(gt_bboxes, pd_bboxes, xywh=False, CIoU=True).squeeze(-1).clamp_(0)",
    )


def test_an_assigner_without_a_method_for_the_overlap_gets_another_line_behind_it(texts):
    """Releases before 8.1 compute it where they need it."""
    found = texts("ultralytics-8.2.50")
    path, call = "ultralytics/utils/tal.py", "bbox_iou(gt_boxes, pd_boxes, xywh=False, CIoU=True).squeeze(-1).clamp_(0)"
    assert "overlaps[mask_gt] = self.iou_calculation(gt_boxes, pd_boxes)" in found[path]
    inline = found[path].replace("self.iou_calculation(gt_boxes, pd_boxes)", call).replace("def iou_calc", "def other")
    found = {**found, path: inline}
    edits = [shown(edit, found[edit.path]) for edit in changes_of("ultralytics-8.2.50", "NWD", found, "assigner")]
    (line,) = [edit for edit in edits if "assigned" in edit[1]]
    assert line[:2] == (f"overlaps[mask_gt] = {call}", "overlaps[mask_gt] = nwd_loss.assigned(gt_boxes, pd_boxes)")
    without = {**found, path: inline.replace("overlaps[mask_gt] = bbox_iou", "overlaps = bbox_iou")}
    with pytest.raises(AnchorNotFound, match="get_box_metrics"):
        changes_of("ultralytics-8.2.50", "NWD", without, "assigner")


CHANGED = {
    "the overlap is another function": ("iou = bbox_iou(", "iou = other_iou(", "`iou = bbox_iou(...)`"),
    "it is weighed elsewhere": ("loss_iou = ((1.0 - iou)", "loss_iou = weighed((2.0 - iou)", "`1.0 - iou` behind"),
    "boxes are chosen before": (
        "bbox_iou(pred_bboxes[fg_mask], target_bboxes[fg_mask]",
        "bbox_iou(pred, target",
        "boxes[fg_mask], and the arguments",
    ),
    "the criterion is made elsewhere": ("self.bbox_loss = BboxLoss(", "self.bbox_loss = made(", "`self.bbox_loss = "),
    "the head is taken elsewhere": ("m = model.model[-1]", "m = head_of(model)", "`m = model.model[-1]`"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_release_with_another_loss_is_refused_with_what_was_searched(case, texts):
    old, new, expected = CHANGED[case]
    found = texts("ultralytics-8.3.0")
    assert old in found[LOSS]
    with pytest.raises(AnchorNotFound) as error:
        changes_of("ultralytics-8.3.0", "SIoU", {**found, LOSS: found[LOSS].replace(old, new)})
    assert expected in f"{error.value.contract} {error.value.expected}"
    assert LOSS in error.value.where
