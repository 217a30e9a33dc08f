"""Between upstream's units and a loss's: pixels, the shape of the overlap, the state in the head."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from yolopatch.catalog.modules import MODULES
from yolopatch.core.own.entry_forms import check_module_entry
from yolopatch.modules.losses.inner_iou import InnerIoU

STRIDES = (8, 16, 32)


def anchors(height: int, width: int) -> torch.Tensor:
    """The anchor points of a picture's maps, as upstream's `make_anchors` gives them."""
    points = []
    for stride in STRIDES:
        rows, columns = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        points.append(torch.stack((columns, rows), -1).view(-1, 2) + 0.5)
    return torch.cat(points)


class Head(nn.Module):
    """What a loss asks of a head."""

    def __init__(self, end_to_end: bool = False):
        super().__init__()
        self.stride = torch.tensor([float(stride) for stride in STRIDES])
        if end_to_end:
            self.one2one_cv2 = nn.Identity()


@pytest.fixture
def judged(between):
    """Judge two boxes of a picture of 96 x 128, the first of the finest map and the other of the coarsest."""

    def run(name: str, head=None):
        code = between(MODULES[name])
        criterion = SimpleNamespace()
        head = head or Head()
        if hasattr(code, "keep_state"):
            code.keep_state(head)
        criterion = nn.Module()
        code.prepare(criterion, head)
        points = anchors(96, 128)
        pred, target = torch.rand(2, 1, len(points), 4) + torch.tensor([0.0, 0.0, 2.0, 2.0])
        mask = torch.zeros(1, len(points), dtype=torch.bool)
        mask[0, [3, -1]] = True
        found = code.overlap(criterion, torch.zeros(2, 1), pred, target, points, mask)
        return found, pred[mask], target[mask], code, criterion, (pred, target, points, mask)

    return run


def test_boxes_are_judged_in_pixels(judged):
    found, pred, target, code, *_ = judged("NWD")
    strides = torch.tensor([[8.0], [32.0]])
    expected = 1 - code.losses(code.made(), pred * strides, target * strides, 128, 96)
    assert found.shape == (2, 1)
    torch.testing.assert_close(found[:, 0], expected)


def test_the_size_of_the_picture_is_that_of_the_batch(judged):
    found, pred, target, *_ = judged("MPDIoU")
    strides = torch.tensor([[8.0], [32.0]])
    apart = ((pred - target) * strides).square().sum(1) / (96**2 + 128**2)
    overlap = 1 - InnerIoU(1.0, "IoU")(pred * strides, target * strides)
    torch.testing.assert_close(found[:, 0], overlap - apart)


def test_the_state_moves_with_a_gradient_only_and_is_in_the_heads_state_dict(judged):
    head = Head()
    _, _, _, code, criterion, given = judged("WIoU", head)
    assert list(head.state_dict()) == ["box_loss_mean"]
    after = head.box_loss_mean.clone()
    assert after < 1
    with torch.no_grad():
        code.overlap(criterion, torch.zeros(2, 1), *given)
    assert torch.equal(head.box_loss_mean, after)
    code.overlap(criterion, torch.zeros(2, 1), *given)
    assert head.box_loss_mean < after


def test_a_state_that_was_moved_to_another_type_or_loaded_is_the_one_in_use(judged):
    head = Head()
    _, _, _, code, criterion, given = judged("WIoU", head)
    head.load_state_dict({"box_loss_mean": torch.tensor(0.25)})
    head.double()
    with torch.no_grad():
        low = code.overlap(criterion, torch.zeros(2, 1), *given)
    head.load_state_dict({"box_loss_mean": torch.tensor(0.9)})
    with torch.no_grad():
        high = code.overlap(criterion, torch.zeros(2, 1), *given)
    assert not torch.allclose(low, high)


def test_an_end_to_end_head_has_a_state_for_each_assignment(between):
    code, head = between(MODULES["WIoU"]), Head(end_to_end=True)
    code.keep_state(head)
    assert list(head.state_dict()) == ["box_loss_mean", "box_loss_one2one_mean"]
    second = SimpleNamespace(bbox_loss=nn.Module())
    code.prepare(second.bbox_loss, head)
    code.second(second)
    assert second.bbox_loss.box_loss_state == "box_loss_one2one"


def test_a_criterion_holds_no_loss_so_that_no_checkpoint_does(judged):
    *_, criterion, _ = judged("WIoU")
    assert list(criterion.modules()) == [criterion]
    assert b"wiou" not in pickle.dumps(criterion)


def test_yolov5_gives_centres_in_units_of_its_grid(between):
    code = between(MODULES["MPDIoU"], "yolov5-pypi-6.1.0")
    criterion = nn.Module()
    code.prepare(criterion, Head())
    pred, target = torch.tensor([[1.0, 1.5, 2.0, 3.0]]), torch.tensor([[1.5, 1.0, 2.0, 2.0]])
    grid = torch.zeros(2, 3, 6, 8, 85)
    found = code.overlap(criterion, torch.zeros(1), 1, pred, target, grid)
    corners = [torch.cat((box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2), 1) * 16 for box in (pred, target)]
    expected = 1 - code.losses(code.made(), *corners, 8 * 16, 6 * 16)
    torch.testing.assert_close(found, expected)


def test_an_assigner_gets_an_overlap_from_zero_to_one(between):
    code = between(MODULES["SIoU"], flavor="assigner")
    boxes = torch.tensor([[10.0, 10, 50, 50], [10.0, 10, 50, 50], [10.0, 10, 50, 50]])
    others = torch.tensor([[10.0, 10, 50, 50], [20.0, 10, 50, 50], [100.0, 200, 130, 280]])
    found = code.assigned(boxes, others)
    torch.testing.assert_close(found[0], torch.tensor(1.0))
    assert 0.3 < found[1] < 1
    assert found[2] == 0
    assert code.assigned(boxes.half(), others.half()).dtype == torch.float16


@pytest.mark.parametrize("name", ["WIoU", "MPDIoU"])
def test_what_keeps_a_state_or_needs_the_picture_is_no_assigner(name):
    assert MODULES[name].flavors == ("paper",)


def test_an_entry_of_a_loss_is_checked_as_any_other():
    entry = {"name": "A", "source": "own_a", "bare": "A", "conv": "", "paper": "p", "tutorial": None, "call": "A(r=1)"}
    check_module_entry({**entry, "kind": "loss", "boxes": ["xyxy", "xywh.T"], "gives": "overlap", "passed": "w=width"})
    for field, value in (("boxes", ["xyxy"]), ("gives", "money"), ("passed", "__import__('os')"), ("assigns", 1)):
        with pytest.raises(ValueError, match=f"its {field} is"):
            check_module_entry({**entry, field: value})
