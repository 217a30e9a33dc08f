"""Checkouts that somebody edited by hand: in upstream's files, and in its YAMLs."""

from __future__ import annotations

import shutil

import pytest

from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.steps.verify.pristine import foreign_yamls
from yolopatch.steps.verify.verify import verify
from yolopatch.wire.statuses import FAIL, PASS, SKIP

from .conftest import PIN

pytestmark = pytest.mark.more

OVERLAP = "iou = bbox_iou(pred_bboxes[fg_mask], target_bboxes[fg_mask], xywh=False, CIoU=True)"
LOSS, YAML = "ultralytics/utils/loss.py", "ultralytics/cfg/models/11/yolo11.yaml"


@pytest.fixture
def edited(running_tree, tmp_path, cache, monkeypatch):
    """Give a copy of a pin's package, which is no git repository, with pieces of its files replaced."""

    def make(pin: str, *edits: tuple[str, str, str]):
        place, package = tmp_path / "checkout", pin.partition("-")[0]
        shutil.copytree(running_tree(pin) / package, place / package)
        for file, old, new in edits:
            text = (place / file).read_text()
            assert old in text
            (place / file).write_text(text.replace(old, new, 1))
        return place

    return make


def checked(place, cfg, *checks, scale="n"):
    return verify(place, cfg, scale, checks=checks)


@pytest.mark.parametrize(
    ("edit", "what", "remedy"),
    [
        ((LOSS, OVERLAP, "iou = wiou(pred_bboxes[fg_mask])"), "uses the name wiou", "import wiou in loss.py"),
        (
            (LOSS, OVERLAP, "from ultralytics.utils.wiou import wiou"),
            "imports ultralytics.utils.wiou, and this checkout has no such file",
            "add ultralytics/utils/wiou.py to the checkout",
        ),
        ((LOSS, OVERLAP, OVERLAP.replace("CIoU", "WIoU")), "unexpected keyword argument 'WIoU'", "loss.py:"),
    ],
    ids=["no-name", "no-file", "no-option"],
)
def test_a_loss_that_was_edited_wrong_is_no_fault_of_upstream(edit, what, remedy, edited, own_code_runs):
    own_code_runs(PIN)
    place = edited(PIN, edit)
    for found in checked(place, place / YAML, "gradient-flow", "learns").checks:
        assert found.status == FAIL
        assert what in found.summary
        assert "the model is not to blame, but the code of this checkout" in found.summary
        assert found.hint.startswith("mend ultralytics/utils/loss.py:")
        assert remedy in found.hint


def test_without_the_unchanged_upstream_nobody_is_blamed(edited, own_code_runs):
    own_code_runs(PIN)
    version = ("ultralytics/__init__.py", '"8.3.0"', '"8.3.2"')  # yolopatch has no pin of it
    place = edited(PIN, version, (LOSS, OVERLAP, "iou = wiou(pred_bboxes[fg_mask])"))
    (found,) = checked(place, place / YAML, "gradient-flow").checks
    assert found.status == SKIP
    assert "with the base's model in this checkout, too" in found.summary
    assert "an edit of it in this checkout" in found.hint


def test_an_upstream_yaml_that_was_edited_in_place_is_not_its_own_base(edited, own_code_runs):
    own_code_runs(PIN)
    version = ("ultralytics/__init__.py", '"8.3.0"', '"8.3.2"')
    place = edited(PIN, version, (YAML, "SPPF, [1024, 5]", "SPPELAN, [1024, 512]"))
    assert foreign_yamls(read_checkout(place)) == (YAML,)
    found = checked(place, place / YAML, "build", "only-intended")
    assert found.facts["base_cfg"] == YAML
    build, intended = found.checks
    assert build.evidence["base_parameters"] == 2_624_080  # of the unedited file, from the pin in the cache
    assert intended.status == PASS
    assert "1 are replaced" in intended.summary


@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", PIN, "ultralytics-8.4.0", "yolov5-6.1", "yolov5-pypi-6.1.0"])
def test_no_yaml_of_a_pin_is_foreign(pin, pristine_tree):
    assert foreign_yamls(read_checkout(pristine_tree(pin))) == ()


MASKS = """

class Segment(Detect):
    def __init__(self, nc=80, anchors=(), nm=4, ch=(), inplace=True):
        super().__init__(nc, anchors, ch, inplace)
        self.nm, self.bias = nm, nn.Parameter(torch.zeros(nm, 1, 1))
        self.proto = nn.ModuleList([nn.Conv2d(ch[0], nm, 1)])

    def forward(self, x):
        masks = self.proto[0](x[0]) + self.bias
        found = super().forward(x)
        return (found, masks) if self.training else (found[0], masks, found[1])


class SegmentationModel(Model):
    pass


"""
MASKS_LOSS = """
import torch
from yolov5.utils.loss import ComputeLoss as OfBoxes


class ComputeLoss:
    def __init__(self, model, autobalance=False, overlap=False):
        assert overlap
        self.of_boxes = OfBoxes(model)

    def __call__(self, preds, targets, masks):
        found, given = preds
        loss, parts = self.of_boxes(found, targets)
        wanted = torch.nn.functional.interpolate((masks > 0).float()[:, None], given.shape[-2:])
        of_masks = (given.sigmoid() - wanted).square().mean().reshape(1)
        return loss + of_masks, torch.cat((parts, of_masks.detach()))
"""


def test_a_head_for_masks_of_yolov5_is_trained_with_masks(edited, own_code_runs):
    pin = "yolov5-pypi-6.1.0"
    own_code_runs(pin)
    strides = "self.forward(torch.zeros(1, ch, s, s))"
    place = edited(
        pin,
        ("yolov5/models/yolo.py", "\ndef parse_model(", f"{MASKS}\ndef parse_model("),
        ("yolov5/models/yolo.py", f"for x in {strides}]", f"for x in _maps({strides})]"),
        (
            "yolov5/models/yolo.py",
            "\n\nclass Model(",
            "\n\ndef _maps(x):\n    return x[0] if isinstance(x, tuple) else x\n\n\nclass Model(",
        ),
        ("yolov5/models/yolo.py", "elif m is Detect:", "elif m in (Detect, Segment):"),
        ("yolov5/models/yolov5s.yaml", "Detect, [nc, anchors]", "Segment, [nc, anchors, 4]"),
    )
    (place / "yolov5/utils/segment").mkdir()
    (place / "yolov5/utils/segment/__init__.py").touch()
    (place / "yolov5/utils/segment/loss.py").write_text(MASKS_LOSS)
    found = checked(place, place / "yolov5/models/yolov5s.yaml", "build", "learns", scale=None)
    assert found.facts["task"] == "segment"
    assert [check.status for check in found.checks] == [PASS, PASS], [check.summary for check in found.checks]
