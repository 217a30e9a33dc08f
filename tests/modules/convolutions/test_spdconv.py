"""SPD-Conv: no value is skipped."""

import pytest
import torch
import torch.nn as nn

from yolopatch.modules.convolutions.spdconv import SPDConv


def cut(x):
    """Equation 1 of the paper, value by value; odd sizes filled up with zeros."""
    count, channels, height, width = x.shape
    out = x.new_zeros(count, 4 * channels, (height + 1) // 2, (width + 1) // 2)
    for row in range(height):
        for column in range(width):
            part = row % 2 + 2 * (column % 2)
            out[:, part * channels : (part + 1) * channels, row // 2, column // 2] = x[:, :, row, column]
    return out


@pytest.mark.parametrize("size", [(8, 6), (7, 5), (1, 1), (2, 3)])
def test_cuts_the_map_and_convolves_all_parts(size, randomise, convolved):
    layer = randomise(SPDConv(3, 5)).double()
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(layer(x), convolved(cut(x), layer.conv.weight, padding=1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_has_four_times_the_parameters_of_the_strided_convolution(k):
    assert sum(p.numel() for p in SPDConv(16, 32, k).parameters()) == 4 * k * k * 16 * 32


@pytest.mark.parametrize("k", [1, 3, 5, 7])
@pytest.mark.parametrize("side", [8, 9])
@torch.no_grad()
def test_starts_as_the_strided_convolution_exactly(k, side):
    conv, layer = nn.Conv2d(4, 6, k, 2, k // 2, bias=False).double(), SPDConv(4, 6, k).double()
    x = torch.randn(2, 4, side, side + 3, dtype=torch.float64)
    layer.init_from(conv, x)
    torch.testing.assert_close(layer(x), conv(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("conv", "text"),
    [
        (nn.Conv2d(4, 6, 3, 1, 1), r"expected stride=\(2, 2\), found \(1, 1\)"),
        (nn.Conv2d(8, 6, 3, 2, 1), r"expected in_channels=4, found 8"),
        (nn.Conv2d(4, 6, 5, 2, 2), r"expected kernel_size=\(3, 3\), found \(5, 5\)"),
    ],
)
def test_says_which_geometry_does_not_fit(conv, text):
    with pytest.raises(ValueError, match=f"SPDConv: init_from needs a convolution of the same geometry, {text}"):
        SPDConv(4, 6).init_from(conv, torch.zeros(1, 4, 4, 4))


def test_an_even_kernel_has_no_middle():
    with pytest.raises(ValueError, match=r"SPDConv: k must be odd.*found 2"):
        SPDConv(4, 6, 2)
