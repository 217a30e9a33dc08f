"""A pasted loss of boxes is added as it is: yolopatch reads how it is called, and asks where the code is unclear."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import torch

from yolopatch.catalog.modules import MODULES
from yolopatch.errors import EXIT_USAGE, OpenError, UsageError
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.steps.own.add import AddRequest, add

PASTED = Path(__file__).parent / "pasted"
CORNERS, CENTRES = ("xyxy", "xyxy"), ("xywh", "xywh")
# what each file gives: the options, the forms of the boxes, whether a loss or an overlap, the call, what its call gets,
# and whether boxes can be assigned by it
READ = {
    "inner_ciou": ({}, CORNERS, "overlap", "inner_ciou(xywh=False)", "", True),
    "wasserstein_loss": ({"boxes": "xywh"}, CENTRES, "overlap", "wasserstein_loss()", "", True),
    "MyWise": ({}, CORNERS, "loss", "MyWise(reduction='none')", "", False),
    "bbox_old": ({}, ("xyxy.T", "xyxy"), "overlap", "bbox_old(x1y1x2y2=True)", "", True),
    "MPD": ({}, CORNERS, "loss", "MPD()", "img_w=width, img_h=height", False),
    "alpha_iou": ({}, CORNERS, "overlap", "alpha_iou()", "", True),
    "IouLoss": ({}, CORNERS, "loss", "IouLoss()", "", True),
    "all_in_one": ({"args": "SIoU=True"}, CORNERS, "overlap", "box_iou_all(xywh=False, SIoU=True)", "", True),
}


def added(file: Path, folder: Path, cache: Path, **options):
    found = add(AddRequest(file, **options), folder, cache)
    return found, MODULES[load(folder, found.module)]


def load(folder: Path, name: str) -> str:
    load_own_catalog(folder)
    return name


@pytest.mark.parametrize("name", READ)
def test_it_is_read_how_a_loss_is_called(name, own_catalog, cache):
    options, boxes, gives, call, passed, assigns = READ[name]
    found, module = added(PASTED / f"{name}.py", own_catalog, cache, like="loss", **options)
    assert (module.kind, module.boxes, module.gives, module.call) == ("loss", boxes, gives, call)
    assert (module.passed, module.assigns) == (passed, assigns)
    assert found.decision.why.startswith(f"it gives {'an overlap' if gives == 'overlap' else 'a loss'}, which")


@pytest.mark.parametrize("flag", ["GIoU", "DIoU", "CIoU", "SIoU", "ShapeIoU"])
def test_each_overlap_of_a_function_with_flags_grows(flag, own_catalog, cache):
    _, module = added(PASTED / "all_in_one.py", own_catalog, cache, args=f"{flag}=True")
    assert module.gives == "overlap"


@pytest.mark.parametrize("name", [name for name in READ if name != "alpha_iou"])  # that one needs upstream's overlap
def test_a_step_against_its_gradient_raises_the_overlap(name, own_catalog, cache, between):
    _, module = added(PASTED / f"{name}.py", own_catalog, cache, **READ[name][0])
    code = between(module, data=(PASTED / f"{name}.py").read_bytes())
    pred = torch.tensor([[100.0, 120, 180, 200]], requires_grad=True)
    target = torch.tensor([[120.0, 100, 220, 190]])
    loss = (code.made(),) if hasattr(code, "made") else ()
    before = code.losses(*loss, pred, target, 640, 640)
    assert before.shape == (1,)
    optimizer = torch.optim.Adam([pred], lr=2)
    for _ in range(60):
        optimizer.zero_grad()
        code.losses(*loss, pred, target, 640, 640).sum().backward()
        optimizer.step()
    shared = (torch.minimum(pred[0, 2:], target[0, 2:]) - torch.maximum(pred[0, :2], target[0, :2])).clamp(0).prod()
    assert shared > 0.8 * 9000  # of the wanted box


def test_a_state_that_is_no_buffer_is_told(own_catalog, cache):
    found, _ = added(PASTED / "MyWise.py", own_catalog, cache)
    assert "line 23 keeps iou_mean from batch to batch" in found.decision.doubt
    assert "it begins anew when a training is resumed" in found.decision.doubt


def test_the_form_of_boxes_is_asked_for_where_the_code_leaves_it_open(own_catalog, cache):
    with pytest.raises(OpenError) as error:
        add(AddRequest(PASTED / "wasserstein_loss.py"), own_catalog, cache)
    assert (error.value.option, list(error.value.choices)) == ("boxes", ["xyxy", "xywh"])
    assert not own_catalog.exists()


HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n\n"
REFUSED = {
    "a mean over all boxes": (
        """
        def giou_loss(pred, target):
            inter = (torch.min(pred[:, 2:], target[:, 2:]) - torch.max(pred[:, :2], target[:, :2])).clamp(0).prod(1)
            union = (pred[:, 2:] - pred[:, :2]).prod(1) + (target[:, 2:] - target[:, :2]).prod(1) - inter
            return (1 - inter / union).mean()
        """,
        "giou_loss gives one number for all boxes: upstream weighs the loss of each box",
    ),
    "two values": (
        """
        def both(pred, target):
            inter = (torch.min(pred[:, 2:], target[:, 2:]) - torch.max(pred[:, :2], target[:, :2])).clamp(0).prod(1)
            union = (pred[:, 2:] - pred[:, :2]).prod(1) + (target[:, 2:] - target[:, :2]).prod(1) - inter
            return 1 - inter / union, inter / union
        """,
        "both gives 2 values",
    ),
    "classes, not boxes": (
        """
        class FocalLoss(nn.Module):
            def __init__(self, gamma=2.0):
                super().__init__()
                self.bce = nn.BCEWithLogitsLoss(reduction="none")
                self.gamma = gamma

            def forward(self, pred, target):
                loss = self.bce(pred, target)
                return loss * (1 - torch.exp(-loss)) ** self.gamma
        """,
        "FocalLoss in Pasted.py is a loss, but not one of boxes",
    ),
    "one box": (
        """
        def alone(box, eps=1e-7):
            return (box[:, 2] - box[:, 0]) / (box[:, 3] - box[:, 1] + eps)
        """,
        "Pasted.py has no loss",
    ),
    "a third argument": (
        """
        class Weighted(nn.Module):
            def forward(self, pred, target, weights):
                inter = (torch.min(pred[:, 2:], target[:, 2:]) - torch.max(pred[:, :2], target[:, :2])).clamp(0).prod(1)
                return weights * (1 - inter / ((pred[:, 2:] - pred[:, :2]).prod(1) + 1e-7))
        """,
        "cannot call Weighted with two boxes alone: it wants weights, too",
    ),
    "a hyperparameter without a default": (
        """
        def powered(pred, target, alpha):
            inter = (torch.min(pred[:, 2:], target[:, 2:]) - torch.max(pred[:, :2], target[:, :2])).clamp(0).prod(1)
            union = (pred[:, 2:] - pred[:, :2]).prod(1) + (target[:, 2:] - target[:, :2]).prod(1) - inter
            return (inter / union) ** alpha
        """,
        "cannot call powered: the value of alpha is unknown",
    ),
    "more than one third argument": (
        """
        class Criterion(nn.Module):
            def __init__(self, bins):
                super().__init__()
                self.bins = bins

            def forward(self, pred, target, scores, mask):
                inter = (torch.min(pred[:, 2:], target[:, 2:]) - torch.max(pred[:, :2], target[:, :2])).clamp(0).prod(1)
                return scores * (1 - inter / ((pred[:, 2:] - pred[:, :2]).prod(1) + 1e-7)) * mask
        """,
        "cannot call Criterion with two boxes alone: it wants scores, mask, too",
    ),
    "masks that want an epoch": (
        """
        class MaskLoss(nn.Module):
            def forward(self, logits, mask, epoch):
                found = torch.sigmoid(logits)
                apart = (found.sum((1, 2, 3)) - mask.sum((1, 2, 3))).pow(2)
                return apart * epoch
        """,
        "MaskLoss in Pasted.py is a loss, but not one of boxes",
    ),
    "a loss around another one": (
        """
        class Sliding(nn.Module):
            def __init__(self, inner):
                super().__init__()
                self.inner = inner
                self.inner.reduction = "none"

            def forward(self, pred, true, limit=0.5):
                found = self.inner(pred, true)
                found *= (true > limit) + 1.0
                return found.mean()
        """,
        "Sliding in Pasted.py is a loss, but not one of boxes",
    ),
    "sizes, not boxes": (
        """
        def size_iou(one, other, eps=1e-7):
            one, other = one[:, None], other[None]
            inter = torch.min(one, other).prod(2)
            return inter / (one.prod(2) + other.prod(2) - inter + eps)
        """,
        "size_iou in Pasted.py is a loss, but not one of boxes",
    ),
    "an overlap less an overlap": (
        """
        def odd(pred, target):
            inter = (torch.min(pred[:, 2:], target[:, 2:]) - torch.max(pred[:, :2], target[:, :2])).clamp(0).prod(1)
            apart = ((pred - target) ** 2).sum(1)
            return inter * apart
        """,
        "it is not clear whether odd gives a loss or an overlap",
    ),
}


TURNED = {
    "the rest of a box": """
        def spread(box):
            size, angle = box[:, 2:4] ** 2 / 12, box[:, 4:]
            return size[:, :1] * angle.cos() ** 2 + size[:, 1:] * angle.sin() ** 2
        """,
    "the fifth number": """
        def spread(box):
            return box[..., 2] * box[..., 4].cos()
        """,
    "five pieces": """
        def spread(box):
            x, y, w, h, angle = box.chunk(5, -1)
            return w * angle.cos() + h * angle.sin()
        """,
    "pieces of two, two and one": """
        def spread(box):
            centre, size, angle = box.split((2, 2, 1), dim=-1)
            return size.prod(-1, keepdim=True) * angle.cos()
        """,
    "five names": """
        def spread(box):
            x, y, w, h, angle = box.T
            return w * angle.cos() + h * angle.sin()
        """,
}


@pytest.mark.parametrize("case", TURNED)
@pytest.mark.parametrize("boxes", [None, "xywh"])
def test_a_loss_of_rotated_boxes_is_refused_whatever_form_is_named(case, boxes, own_catalog, cache, tmp_path):
    overlap = """
        def turned_iou(one, other, eps=1e-7):
            apart = (one[..., :2] - other[..., :2]).pow(2).sum(-1)
            return (-apart / (spread(one) + spread(other) + eps).squeeze()).exp()
        """
    file = tmp_path / "turned_iou.py"
    file.write_text(HEAD + textwrap.dedent(TURNED[case]) + textwrap.dedent(overlap))
    with pytest.raises(UsageError) as error:
        add(AddRequest(file, symbol="turned_iou", boxes=boxes), own_catalog, cache)
    assert error.value.what == "turned_iou takes rotated boxes: only a loss of upright ones has a place"
    assert "a fifth one, turned_iou.py, line " in error.value.details[1]
    assert not own_catalog.exists()


def test_the_larger_of_two_widths_says_nothing_against_centre_and_size(own_catalog, cache, tmp_path):
    text = """
        def shaped_iou(box1, box2, eps=1e-7):
            (x1, y1, w1, h1), (x2, y2, w2, h2) = box1.chunk(4, -1), box2.chunk(4, -1)
            left, right = torch.max(x1 - w1 / 2, x2 - w2 / 2), torch.min(x1 + w1 / 2, x2 + w2 / 2)
            top, bottom = torch.max(y1 - h1 / 2, y2 - h2 / 2), torch.min(y1 + h1 / 2, y2 + h2 / 2)
            inter = (right - left).clamp(0) * (bottom - top).clamp(0)
            shape = torch.abs(w1 - w2) / torch.max(w1, w2) + torch.abs(h1 - h2) / torch.max(h1, h2)
            return inter / (w1 * h1 + w2 * h2 - inter + eps) - shape
        """
    file = tmp_path / "shaped_iou.py"
    file.write_text(HEAD + textwrap.dedent(text))
    assert added(file, own_catalog, cache)[0].decision.why.endswith("boxes as centre and size")


@pytest.mark.parametrize("call", ["torch.min(one[:, 2:], other[:, 2:]) - torch.max(one[:, :2], other[:, :2])"])
def test_the_space_between_the_nearest_corners_shows_two_corners(call, own_catalog, cache, tmp_path):
    text = f"""
        def shared(one, other):
            inside = ({call}).clamp(0)
            return inside[:, 0] * inside[:, 1]
        """
    file = tmp_path / "shared.py"
    file.write_text(HEAD + textwrap.dedent(text))
    assert added(file, own_catalog, cache)[0].decision.why.endswith("boxes as two corners")


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_place_is_refused_with_the_reason(case, own_catalog, cache, tmp_path):
    text, what = REFUSED[case]
    file = tmp_path / "Pasted.py"
    file.write_text(HEAD + textwrap.dedent(text))
    with pytest.raises(UsageError) as error:
        add(AddRequest(file, like="loss"), own_catalog, cache)
    assert what in error.value.what
    assert not own_catalog.exists()


def test_the_hints_of_open_questions_are_taken(own_catalog, cache, tmp_path):
    file = tmp_path / "Pasted.py"
    file.write_text(HEAD + textwrap.dedent(REFUSED["a hyperparameter without a default"][0]))
    _, module = added(file, own_catalog, cache, args="alpha=3")
    assert module.call == "powered(alpha=3)"
    file.write_text(HEAD + textwrap.dedent(REFUSED["an overlap less an overlap"][0]))
    _, module = added(file, own_catalog, cache, gives="loss")
    assert (module.gives, module.boxes) == ("loss", CORNERS)


def test_a_loss_that_the_user_takes_for_a_layer_is_refused(own_catalog, cache):
    with pytest.raises(UsageError, match="MyWise in MyWise") as error:
        add(AddRequest(PASTED / "MyWise.py", like="Conv"), own_catalog, cache)
    assert error.value.hint.endswith("--class MyWise --like loss")


def test_a_function_of_upstreams_with_other_arguments_is_refused_for_that_pin(own_catalog, cache, need_pin):
    for pin in ("ultralytics-8.3.0", "yolov5-pypi-6.1.0"):
        need_pin(pin)
    found, _ = added(PASTED / "alpha_iou.py", own_catalog, cache)
    states = {one.pin: one for one in found.pins}
    assert states["ultralytics-8.3.0"].state == "ready"
    assert states["yolov5-pypi-6.1.0"].state == "refused"
    assert "bbox_iou of yolov5-pypi-6.1.0 has no argument xywh" in states["yolov5-pypi-6.1.0"].why


def test_several_losses_are_asked_for(own_catalog, cache, tmp_path):
    file = tmp_path / "Pasted.py"
    whole = (PASTED / "inner_ciou.py").read_text() + (PASTED / "wasserstein_loss.py").read_text()
    file.write_text(whole)
    with pytest.raises(OpenError) as error:
        add(AddRequest(file), own_catalog, cache)
    assert list(error.value.choices) == ["inner_ciou", "wasserstein_loss"]
    _, module = added(file, own_catalog, cache, symbol="inner_ciou")
    assert module.name == "inner_ciou"


def test_the_command_says_what_was_read_and_the_next_command(yolopatch, own_catalog, need_pin):
    need_pin("ultralytics-8.3.0")
    ran = yolopatch("add", PASTED / "inner_ciou.py")
    assert ran.code == 0
    assert "it gives an overlap, which grows as boxes come to agree (line 20: return inter / union)" in ran.out, ran.out
    assert "yolopatch apply --repo ultralytics --module inner_ciou --dest my-yolo" in ran.out
    assert "render-cfg" not in ran.out
    refused = yolopatch("add", PASTED / "inner_ciou.py", "--boxes", "corners", "--name", "Other")
    assert refused.code == EXIT_USAGE
    assert "--boxes corners: unknown form" in refused.err
