"""BiFPN against the paper's sum, written out."""

import pytest
import torch

from yolopatch.modules.joins.bifpn import BiFPN


def test_it_is_the_normalised_weighted_sum():
    join = BiFPN([3, 3, 3]).double()
    with torch.no_grad():
        join.weight.copy_(torch.tensor([0.5, -2.0, 1.5]))
    x = [torch.randn(2, 3, 4, 5, dtype=torch.float64) for _ in range(3)]
    weights = [0.5, 0.0, 1.5]  # a ReLU: the second counts for nothing
    expected = torch.zeros(2, 3, 4, 5, dtype=torch.float64)
    for place in range(3):
        expected += weights[place] / (0.0001 + sum(weights)) * x[place]
    torch.testing.assert_close(join(x), expected, rtol=1e-7, atol=1e-7)


def test_it_starts_as_the_mean():
    x = [torch.full((1, 2, 3, 3), 4.0), torch.full((1, 2, 3, 3), 8.0)]
    torch.testing.assert_close(BiFPN([2, 2])(x), torch.full((1, 2, 3, 3), 6.0), rtol=1e-4, atol=0)


def test_a_map_of_another_width_passes_a_convolution_with_batchnorm():
    join = BiFPN([6, 4], 8).eval()
    x = [torch.randn(1, 6, 3, 3), torch.randn(1, 4, 3, 3)]
    apart = [align(one) for align, one in zip(join.align, x, strict=True)]
    torch.testing.assert_close(join(x), (apart[0] + apart[1]) / 2.0001)


@pytest.mark.parametrize(("inputs", "c2"), [([8, 8], 8), ([8, 4], 8), ([8, 4, 16], 12)])
def test_its_parameters(inputs, c2):
    expected = len(inputs) + sum(width * c2 + 2 * c2 for width in inputs if width != c2)
    assert sum(parameter.numel() for parameter in BiFPN(inputs, c2).parameters()) == expected


def test_what_it_refuses():
    with pytest.raises(ValueError, match="at least two maps, found 1"):
        BiFPN([8])
    with pytest.raises(ValueError, match="made for 2 maps, found 3"):
        BiFPN([8, 8])([torch.zeros(1, 8, 2, 2)] * 3)
