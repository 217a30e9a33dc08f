"""AKConv: any number of points, anywhere."""

import math

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F

from yolopatch.modules.convolutions.akconv import AKConv


def value_at(image, row, column):
    """The bilinear value [C] of an image [C, H, W], which goes on beyond its border as it ends."""
    height, width = image.shape[1:]
    row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    top, left = math.floor(row), math.floor(column)
    total = 0
    for y in (top, top + 1):
        for x in (left, left + 1):
            share = (1 - abs(row - y)) * (1 - abs(column - x))
            if share > 0:
                total = total + share * image[:, y, x]
    return total


def point_by_point(layer, x, convolved, normed):
    """The formula, one value after the other; before the activation."""
    points, s = layer.points, layer.offset.stride[0]
    offsets = convolved(x, layer.offset.weight, layer.offset.bias, stride=s, padding=1)
    base = round(math.sqrt(points))
    weight = layer.conv.weight.view(len(layer.conv.weight), x.shape[1], points)
    out = x.new_zeros(len(x), len(weight), *offsets.shape[2:])
    for n in range(len(x)):
        for i in range(offsets.shape[2]):
            for j in range(offsets.shape[3]):
                for point in range(points):
                    row = s * i + point // base + offsets[n, point, i, j].item()
                    column = s * j + point % base + offsets[n, points + point, i, j].item()
                    out[n, :, i, j] += weight[:, :, point] @ value_at(x[n], row, column)
    return normed(out, layer.bn)


@pytest.mark.parametrize(("points", "s"), [(1, 1), (3, 2), (5, 1), (5, 2), (6, 1), (9, 1), (13, 2)])
def test_reads_and_weighs_its_points(points, s, randomise, convolved, normed):
    layer = randomise(AKConv(3, 4, points, s, act=False)).double().eval()
    with torch.no_grad():
        layer.offset.bias.mul_(8)  # some points leave the map
    x = torch.randn(2, 3, 6, 5, dtype=torch.float64)
    expected = point_by_point(layer, x, convolved, normed)
    torch.testing.assert_close(layer(x), expected, rtol=1e-10, atol=1e-10)


def test_samples_as_torchs_grid_sampling_does(randomise):
    layer, x = randomise(AKConv(3, 4, 5)).double(), torch.randn(2, 3, 9, 7, dtype=torch.float64)
    rows, columns = (values.flatten(1, 2) for values in layer._places(x))  # [N, points * H, W]
    grid = torch.stack((columns / 3 - 1, rows / 4 - 1), 3)
    expected = F.grid_sample(x, grid, padding_mode="border", align_corners=True).view(2, 15, 9, 7)
    torch.testing.assert_close(layer._sampled(x), expected, rtol=1e-10, atol=1e-10)


def test_the_shares_of_a_value_sum_to_one_at_the_border_too():
    # circulating code counts the last row and column twice, and a corner four times
    layer = AKConv(1, 1, 9)
    torch.testing.assert_close(layer._sampled(torch.ones(1, 1, 6, 6)), torch.ones(1, 9, 6, 6))


@pytest.mark.parametrize(
    ("points", "shape"),
    [
        (1, [(0, 0)]),
        (4, [(0, 0), (0, 1), (1, 0), (1, 1)]),
        (5, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]),
        (7, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0)]),
    ],
)
def test_the_points_start_in_the_papers_shape(points, shape):
    rows, columns = AKConv(2, 2, points)._places(torch.randn(1, 2, 9, 9))
    assert list(zip(rows[0, :, 0, 0].tolist(), columns[0, :, 0, 0].tolist())) == shape
    assert (rows[0, :, 4, 3] - rows[0, :, 0, 0]).tolist() == [4] * points


@pytest.mark.parametrize(("points", "millions"), [(3, 1.51), (5, 1.65), (9, 1.94), (13, 2.23)])
def test_a_yolov5n_with_it_has_the_papers_parameters(points, millions):
    """AKConv in the place of all six 3x3 convolutions of stride 2 behind the stem."""
    replaced = [(16, 32), (32, 64), (64, 128), (128, 256), (64, 64), (128, 128)]
    total = 1_867_405
    for c1, c2 in replaced:
        total += sum(p.numel() for p in AKConv(c1, c2, points, 2).parameters()) - (9 * c1 * c2 + 2 * c2)
    assert abs(total / 1e6 - millions) < 0.006


def test_half_precision_finds_the_pixels_of_a_large_map():
    layer = AKConv(1, 1, 1, act=False).eval()
    with torch.no_grad():
        layer.conv.weight.fill_(1)
    x = torch.arange(700, dtype=torch.float32).view(1, 1, 1, 700) % 7
    torch.testing.assert_close(layer.half()(x.half()).float(), layer.float()(x), rtol=1e-3, atol=1e-3)


@torch.no_grad()
def started(points, conv, x):
    layer = AKConv(conv.in_channels, conv.out_channels, points, conv.stride[0], act=False)
    layer.init_from(conv, x)
    return layer.eval()


@pytest.mark.parametrize("points", [9, 11])
@pytest.mark.parametrize("s", [1, 2])
@torch.no_grad()
def test_with_a_point_for_each_tap_it_starts_as_the_convolution_but_at_the_border(points, s):
    conv, x = nn.Conv2d(4, 6, 3, s, 1), torch.randn(4, 4, 40, 40)
    inside = (..., slice(1, -1), slice(1, -1))
    found, expected = started(points, conv, x)(x)[inside], conv(x)[inside]
    assert (found - expected).norm() < 0.1 * expected.norm()


@torch.no_grad()
def test_its_points_go_to_the_largest_taps():
    conv = nn.Conv2d(4, 6, 3, 1, 1, bias=False)
    conv.weight.mul_(0.01)
    taps = [(0, 2), (1, 0), (1, 1), (2, 1), (2, 2)]
    for row, column in taps:
        conv.weight[:, :, row, column] *= 100
    x = F.pad(torch.randn(4, 4, 12, 12), (4,) * 4)
    layer = started(5, conv, x)
    rows, columns = layer._places(x)
    assert [(r - 5, c - 5) for r, c in zip(rows[0, :, 6, 6].tolist(), columns[0, :, 6, 6].tolist())] == taps
    assert (layer(x) - conv(x)).norm() < 0.05 * conv(x).norm()


@torch.no_grad()
def test_in_training_it_has_the_same_on_that_batch():
    conv, x = nn.Conv2d(4, 6, 3, 2, 1), torch.randn(4, 4, 24, 24)
    layer = started(5, conv, x)
    expected = layer(x)
    torch.testing.assert_close(layer.train()(x), expected, rtol=1e-3, atol=1e-3)


def test_says_which_geometry_does_not_fit():
    with pytest.raises(ValueError, match=r"AKConv: init_from needs .*expected stride=\(1, 1\), found \(2, 2\)"):
        AKConv(4, 6).init_from(nn.Conv2d(4, 6, 3, 2, 1), torch.zeros(1, 4, 4, 4))
    with pytest.raises(ValueError, match=r"AKConv: init_from needs a finite x of \[N, 4, H, W\]"):
        AKConv(4, 6).init_from(nn.Conv2d(4, 6, 3, 1, 1), torch.full((1, 4, 4, 4), torch.inf))
    with pytest.raises(ValueError, match="AKConv: points must be at least 1, found 0"):
        AKConv(4, 6, 0)
