"""ASFF against the paper's equations, position by position."""

import math

import pytest
import torch

from yolopatch.modules.joins.asff import ASFF


def test_each_position_is_a_mean_by_its_own_softmax(randomise):
    join = randomise(ASFF([3, 3, 3])).double()
    x = [torch.randn(2, 3, 4, 5, dtype=torch.float64) for _ in range(3)]
    found = join(x)
    for image in range(2):
        for row in range(4):
            for column in range(5):
                values = [one[image, :, row, column] for one in x]
                scores = [
                    math.exp(float(control.weight[0, :, 0, 0] @ value + control.bias[0]))
                    for control, value in zip(join.control, values, strict=True)
                ]
                expected = sum(score / sum(scores) * value for score, value in zip(scores, values, strict=True))
                torch.testing.assert_close(found[image, :, row, column], expected)


def test_the_weights_of_a_position_sum_to_one(randomise):
    join = randomise(ASFF([3, 3]))
    x = torch.randn(1, 3, 4, 4)
    torch.testing.assert_close(join([x, x]), x)


def test_other_sizes_are_brought_to_the_first_maps():
    join = ASFF([2, 2, 2])
    finer = torch.arange(32.0).view(1, 2, 4, 4)
    coarser = torch.tensor([[[[1.0]], [[2.0]]]])
    for control, bias in zip(join.control, (-100.0, 0.0, 0.0), strict=True):
        torch.nn.init.zeros_(control.weight)
        torch.nn.init.constant_(control.bias, bias)
    found = join([torch.zeros(1, 2, 2, 2), finer, coarser])
    largest = torch.tensor([[[5.0, 7.0], [13.0, 15.0]], [[21.0, 23.0], [29.0, 31.0]]])
    torch.testing.assert_close(found[0], (largest + torch.tensor([1.0, 2.0]).view(2, 1, 1)) / 2)


def test_odd_sizes_fit():
    join = ASFF([4, 4, 4])
    x = [torch.randn(1, 4, *size) for size in ((5, 7), (10, 15), (3, 3))]
    assert join(x).shape == (1, 4, 5, 7)


@pytest.mark.parametrize(("inputs", "c2"), [([8, 8], 8), ([8, 4, 16], 12)])
def test_its_parameters(inputs, c2):
    expected = len(inputs) * (c2 + 1) + sum(width * c2 + 2 * c2 for width in inputs if width != c2)
    assert sum(parameter.numel() for parameter in ASFF(inputs, c2).parameters()) == expected


def test_what_it_refuses():
    with pytest.raises(ValueError, match="at least two maps, found 1"):
        ASFF([8])
    with pytest.raises(ValueError, match="made for 2 maps, found 1"):
        ASFF([8, 8])([torch.zeros(1, 8, 2, 2)])
