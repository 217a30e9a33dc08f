"""Boxes of every kind, and the formulas that the losses share, in plain numbers."""

import pytest
import torch

# pairs of a predicted and a wanted box, in pixels
PAIRS = {
    "overlapping": ((10, 20, 50, 60), (20, 10, 70, 55)),
    "contained": ((10, 20, 50, 60), (20, 30, 40, 45)),
    "containing": ((20, 30, 40, 45), (10, 20, 50, 60)),
    "disjoint": ((10, 20, 30, 40), (100, 150, 140, 160)),
    "touching": ((10, 20, 30, 40), (30, 20, 50, 40)),
    "identical": ((10, 20, 50, 60), (10, 20, 50, 60)),
    "point": ((10, 20, 10, 20), (5, 5, 50, 60)),
    "two points": ((10, 20, 10, 20), (10, 20, 10, 20)),
    "line": ((10, 20, 50, 20), (10, 20, 50, 60)),
    "wanted point": ((10, 20, 50, 60), (30, 30, 30, 30)),
    "swapped": ((50, 60, 10, 20), (10, 20, 50, 60)),
    "tiny": ((10, 20, 10.001, 20.001), (10, 20, 10.002, 20.003)),
    "huge": ((0, 0, 1e4, 1e4), (1, 1, 9e3, 1e4)),
}


@pytest.fixture
def pairs():
    """All pairs as two tensors [N, 4] in float64."""
    return tuple(torch.tensor(boxes, dtype=torch.float64) for boxes in zip(*PAIRS.values(), strict=True))


@pytest.fixture
def pair():
    """Give the two boxes of a kind."""
    return PAIRS.__getitem__


@pytest.fixture
def random_pairs():
    """Twenty pairs of boxes that have a size, in float64."""
    generator = torch.Generator().manual_seed(5)
    corners = torch.rand(2, 20, 2, generator=generator, dtype=torch.float64) * 60
    sizes = torch.rand(2, 20, 2, generator=generator, dtype=torch.float64) * 50 + 5
    return tuple(torch.cat((corners, corners + sizes), -1))


def iou_of(a, b):
    """The IoU of two boxes."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@pytest.fixture
def iou():
    return iou_of


def centre_of(a):
    return (a[0] + a[2]) / 2, (a[1] + a[3]) / 2


@pytest.fixture
def centre():
    return centre_of


@pytest.fixture
def hull():
    """Give the width and the height of the smallest box around two boxes."""
    return lambda a, b: (max(a[2], b[2]) - min(a[0], b[0]), max(a[3], b[3]) - min(a[1], b[1]))


@pytest.fixture
def numbers():
    """Give pairs of tensors as pairs of lists of numbers."""
    return lambda pair: [(a.tolist(), b.tolist()) for a, b in zip(*pair, strict=True)]
