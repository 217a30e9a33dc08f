"""What every box loss promises: a number for each pair, finite for any boxes, and steps that raise the overlap."""

import copy
import pickle

import pytest
import torch

from yolopatch.modules.losses.inner_iou import InnerIoU
from yolopatch.modules.losses.mpdiou import MPDIoU
from yolopatch.modules.losses.nwd import NWD
from yolopatch.modules.losses.siou import SIoU
from yolopatch.modules.losses.wiou import WIoU, WIoUv1, WIoUv2

IMAGE = (640.0, 480.0)
LOSSES = {
    "WIoU": WIoU,
    "WIoUv1": WIoUv1,
    "WIoUv2": WIoUv2,
    **{f"Inner-{base}": lambda base=base: InnerIoU(0.8, base) for base in ("IoU", "GIoU", "DIoU", "CIoU", "EIoU")},
    "Inner-larger": lambda: InnerIoU(1.3),
    "MPDIoU": MPDIoU,
    "SIoU": SIoU,
    "NWD": NWD,
}


@pytest.fixture(params=LOSSES)
def name(request):
    return request.param


@pytest.fixture
def loss(name):
    made = LOSSES[name]()
    return (lambda pred, target: made(pred, target, *IMAGE)) if name == "MPDIoU" else made


def test_finite_with_finite_gradients_for_any_boxes(loss, pairs):
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        pred, target = (boxes.to(dtype) for boxes in pairs)
        pred.requires_grad_()
        found = loss(pred, target)
        assert found.shape == (len(target),)
        assert found.dtype == torch.promote_types(dtype, torch.float32)
        assert torch.isfinite(found).all(), dtype
        (gradient,) = torch.autograd.grad(found.sum(), pred)
        # what float32 holds may be infinite in float16
        assert dtype == torch.float16 or torch.isfinite(gradient).all(), dtype


def test_no_boxes_give_no_losses(loss):
    assert loss(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0,)


def test_boxes_that_coincide_cost_nothing(loss, random_pairs):
    boxes = random_pairs[0]
    torch.testing.assert_close(loss(boxes, boxes), torch.zeros(20, dtype=torch.float64), rtol=0, atol=1e-5)


def test_steps_against_the_gradient_raise_the_overlap(name, loss, pair, iou):
    # without an overlap the IoU's own gradient is zero
    kinds = ["overlapping", "contained", "containing", *([] if name == "Inner-IoU" else ["disjoint"])]
    pred, target = map(torch.tensor, zip(*map(pair, kinds), strict=True))
    pred = pred.float().requires_grad_()
    before = [iou(a, b) for a, b in zip(pred.tolist(), target.tolist(), strict=True)]
    optimizer = torch.optim.Adam([pred], lr=2)
    for _ in range(80):
        optimizer.zero_grad()
        loss(pred, target.float()).sum().backward()
        optimizer.step()
    after = [iou(a, b) for a, b in zip(pred.tolist(), target.tolist(), strict=True)]
    assert all(new > old + 0.1 for old, new in zip(before[:3], after[:3], strict=True))
    assert before[3:] < after[3:] or len(kinds) == 3


def test_copies_and_pickles_compute_the_same(name, random_pairs):
    made = LOSSES[name]().eval()
    extra = IMAGE if name == "MPDIoU" else ()
    for twin in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert torch.equal(twin(*random_pairs, *extra), made(*random_pairs, *extra))


def test_a_loss_has_no_parameters(name):
    assert list(LOSSES[name]().parameters()) == []
