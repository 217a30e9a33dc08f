"""Each box loss against its paper's formula, a pair of boxes at a time."""

import math

import pytest
import torch

from yolopatch.modules.losses.inner_iou import InnerIoU
from yolopatch.modules.losses.mpdiou import MPDIoU
from yolopatch.modules.losses.nwd import NWD
from yolopatch.modules.losses.siou import SIoU
from yolopatch.modules.losses.wiou import WIoU, WIoUv1, WIoUv2


def agrees(found, expected):
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=1e-7)


@pytest.fixture
def wise(iou, centre, hull):
    """Give 1 - IoU and WIoU v1 of a pair."""

    def both(a, b):
        (x, y), (u, v), (width, height) = centre(a), centre(b), hull(a, b)
        loss = 1 - iou(a, b)
        return loss, math.exp(((x - u) ** 2 + (y - v) ** 2) / (width**2 + height**2)) * loss

    return both


def test_wiou_v1(wise, random_pairs, numbers):
    agrees(WIoUv1()(*random_pairs), [wise(*pair)[1] for pair in numbers(random_pairs)])


@pytest.mark.parametrize("gamma", [0.5, 1.0])
def test_wiou_v2(wise, random_pairs, numbers, gamma):
    loss = WIoUv2(gamma).eval().double()
    loss.mean.fill_(0.6)
    both = [wise(*pair) for pair in numbers(random_pairs)]
    agrees(loss(*random_pairs), [(plain / 0.6) ** gamma * first for plain, first in both])


@pytest.mark.parametrize(("alpha", "delta"), [(1.9, 3.0), (1.4, 5.0)])
def test_wiou_v3(wise, random_pairs, numbers, alpha, delta):
    loss = WIoU(3, alpha, delta).eval().double()
    loss.mean.fill_(0.6)
    expected = []
    for pair in numbers(random_pairs):
        plain, first = wise(*pair)
        outlier = plain / 0.6
        expected.append(outlier / (delta * alpha ** (outlier - delta)) * first)
    agrees(loss(*random_pairs), expected)


def test_wiou_focuses_on_ordinary_boxes():
    # the gain is largest at 1 / ln(alpha) and is one where the outlier degree is delta
    loss = WIoU().double()
    loss.mean.fill_(0.3)
    loss.eval()
    outliers = torch.tensor([0.5, 1 / math.log(1.9), 3.0], dtype=torch.float64)
    gains = loss._focus(outliers * 0.3)
    assert gains[1] > gains[0]
    assert gains[1] > gains[2]
    torch.testing.assert_close(gains[2], torch.tensor(1.0, dtype=torch.float64))


def test_the_running_mean_moves_in_training_only_and_is_saved(wise, random_pairs, numbers):
    loss = WIoU(updates=10).double()
    mean = sum(wise(*pair)[0] for pair in numbers(random_pairs)) / 20
    expected = 1.0
    for _ in range(10):
        loss(*random_pairs)
        expected += (mean - expected) * (1 - 0.05**0.1)
    # after this many batches the first value counts for a twentieth
    assert expected == pytest.approx(0.05 + 0.95 * mean)
    agrees(loss.mean, expected)
    loss.eval()(*random_pairs)
    loss.train()(torch.zeros(0, 4), torch.zeros(0, 4))
    agrees(loss.mean, expected)
    fresh = WIoU(updates=10).double()
    fresh.load_state_dict(loss.state_dict())
    assert torch.equal(fresh.eval()(*random_pairs), loss.eval()(*random_pairs))


def test_neither_the_hull_nor_the_focus_of_wiou_has_a_gradient(random_pairs):
    pred, target = random_pairs
    pred = pred.clone().requires_grad_()
    loss = WIoU().double().eval()
    (found,) = torch.autograd.grad(loss(pred, target).sum(), pred)
    with torch.no_grad():
        first = WIoUv1()(pred, target)
        gain = loss(pred, target) / first
        sides = torch.maximum(pred[:, 2:], target[:, 2:]) - torch.minimum(pred[:, :2], target[:, :2])
        square = sides.square().sum(1)
    centres = (pred[:, :2] + pred[:, 2:] - target[:, :2] - target[:, 2:]) / 2
    plain = InnerIoU(1, "IoU")(pred, target)
    by_hand = (gain * torch.exp(centres.square().sum(1) / square) * plain).sum()
    (expected,) = torch.autograd.grad(by_hand, pred)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


def scaled(box, ratio):
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    width, height = (box[2] - box[0]) * ratio / 2, (box[3] - box[1]) * ratio / 2
    return x - width, y - height, x + width, y + height


@pytest.mark.parametrize("base", ["IoU", "GIoU", "DIoU", "CIoU", "EIoU"])
@pytest.mark.parametrize("ratio", [0.7, 1.2])
def test_inner_iou(base, ratio, iou, centre, hull, random_pairs, numbers):
    def penalty(a, b):
        (x, y), (u, v), (width, height) = centre(a), centre(b), hull(a, b)
        sizes = (a[2] - a[0], a[3] - a[1], b[2] - b[0], b[3] - b[1])
        distance = ((x - u) ** 2 + (y - v) ** 2) / (width**2 + height**2)
        if base == "IoU":
            return 0.0
        if base == "GIoU":
            together = sizes[0] * sizes[1] + sizes[2] * sizes[3]
            union = together / (1 + iou(a, b))
            return (width * height - union) / (width * height)
        if base == "EIoU":
            return distance + (sizes[0] - sizes[2]) ** 2 / width**2 + (sizes[1] - sizes[3]) ** 2 / height**2
        shape = 4 / math.pi**2 * (math.atan(sizes[2] / sizes[3]) - math.atan(sizes[0] / sizes[1])) ** 2
        return distance + (shape**2 / (1 - iou(a, b) + shape) if base == "CIoU" else 0.0)

    expected = [1 - iou(scaled(a, ratio), scaled(b, ratio)) + penalty(a, b) for a, b in numbers(random_pairs)]
    agrees(InnerIoU(ratio, base)(*random_pairs), expected)


def test_mpdiou(iou, random_pairs, numbers):
    diagonal = 640**2 + 480**2
    expected = []
    for a, b in numbers(random_pairs):
        first = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
        second = (a[2] - b[2]) ** 2 + (a[3] - b[3]) ** 2
        expected.append(1 - (iou(a, b) - first / diagonal - second / diagonal))
    agrees(MPDIoU()(*random_pairs, 640, 480), expected)
    agrees(MPDIoU()(*random_pairs, *torch.tensor([640.0, 480.0])), expected)


@pytest.mark.parametrize("theta", [4.0, 2.0])
def test_siou(theta, iou, centre, hull, random_pairs, numbers):
    expected = []
    for a, b in numbers(random_pairs):
        (x, y), (u, v), (width, height) = centre(a), centre(b), hull(a, b)
        sine = abs(v - y) / math.hypot(u - x, v - y)
        angle = 1 - 2 * math.sin(math.asin(sine) - math.pi / 4) ** 2
        gamma = 2 - angle
        distance = 2 - math.exp(-gamma * ((u - x) / width) ** 2) - math.exp(-gamma * ((v - y) / height) ** 2)
        shape = 0.0
        for low, high in ((0, 2), (1, 3)):
            size, wanted = a[high] - a[low], b[high] - b[low]
            shape += (1 - math.exp(-abs(size - wanted) / max(size, wanted))) ** theta
        expected.append(1 - iou(a, b) + (distance + shape) / 2)
    agrees(SIoU(theta)(*random_pairs), expected)


@pytest.mark.parametrize("constant", [12.8, 40.0])
def test_nwd(constant, centre, random_pairs, numbers):
    expected = []
    for a, b in numbers(random_pairs):
        (x, y), (u, v) = centre(a), centre(b)
        square = (x - u) ** 2 + (y - v) ** 2
        square += ((a[2] - a[0] - b[2] + b[0]) / 2) ** 2 + ((a[3] - a[1] - b[3] + b[1]) / 2) ** 2
        expected.append(1 - math.exp(-math.sqrt(square) / constant))
    agrees(NWD(constant)(*random_pairs), expected)


def test_what_they_refuse():
    with pytest.raises(ValueError, match="version must be 1, 2 or 3, found 4"):
        WIoU(4)
    with pytest.raises(ValueError, match="base must be one of IoU, GIoU, DIoU, CIoU, EIoU, found 'SIoU'"):
        InnerIoU(base="SIoU")
    with pytest.raises(ValueError, match="ratio must be positive, found 0"):
        InnerIoU(0)
    with pytest.raises(ValueError, match="C must be positive, found 0"):
        NWD(0)
