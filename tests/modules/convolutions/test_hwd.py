"""HWD: a wavelet transform loses nothing, and a 1x1 convolution chooses from it."""

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F

from yolopatch.modules.convolutions.hwd import HWD

# one-dimensional Haar filters, low and high
LOW, HIGH = (2**-0.5, 2**-0.5), (2**-0.5, -(2**-0.5))


def haar(x):
    """The two-dimensional transform by separate filters: A, H, V, D, each of all channels."""
    x = F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2)).double()
    filters = [torch.tensor(pair, dtype=torch.float64) for pair in (LOW, HIGH)]
    pairs = x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))  # [N, C, H / 2, 2, W / 2, 2]
    return torch.cat(
        [
            torch.einsum("ncyawb,a,b->ncyw", pairs, filters[rows], filters[columns])
            for rows, columns in ((0, 0), (0, 1), (1, 0), (1, 1))
        ],
        1,
    )


@pytest.mark.parametrize("size", [(8, 6), (7, 5), (3, 4)])
def test_is_the_wavelet_transform_and_a_convolution_with_norm_and_relu(size, randomise, convolved, normed):
    layer = randomise(HWD(3, 5)).double().eval()
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    expected = normed(convolved(haar(x), layer.conv.weight), layer.bn).clamp(min=0)
    torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


def test_the_transform_loses_nothing():
    x = torch.randn(1, 2, 6, 8, dtype=torch.float64)
    bands = HWD(2, 2).double()._bands(x, F.pad(x, (0, 1, 0, 1)))
    torch.testing.assert_close(bands.square().sum(), x.square().sum())


def test_has_the_papers_parameters():
    assert sum(p.numel() for p in HWD(16, 32).parameters()) == 4 * 16 * 32 + 2 * 32


def test_folds_to_one_convolution_of_2x2(randomise):
    layer = randomise(HWD(3, 5)).double().eval()
    layer.fold()
    assert (layer.conv.kernel_size, layer.conv.stride) == ((2, 2), (2, 2))
    assert [type(m) for m in layer.children()] == [nn.Conv2d, nn.Identity, nn.ReLU]


@torch.no_grad()
def test_starts_as_a_convolution_that_sees_the_square_alone():
    conv, layer = nn.Conv2d(6, 8, 3, 2, 1), HWD(6, 8)
    conv.weight[:, :, 0] = 0
    conv.weight[:, :, :, 0] = 0
    x = torch.randn(4, 6, 16, 16)
    layer.init_from(conv, x)
    torch.testing.assert_close(layer.eval()(x), conv(x).relu(), rtol=1e-2, atol=1e-3)
    # on that batch, the norm has in training what it has in eval
    torch.testing.assert_close(layer.train()(x), conv(x).relu(), rtol=1e-2, atol=1e-2)


@torch.no_grad()
def test_starts_near_a_convolution_of_which_it_sees_four_of_nine_taps():
    conv, layer = nn.Conv2d(6, 8, 3, 2, 1), HWD(6, 8)
    x = F.avg_pool2d(torch.randn(8, 6, 52, 52), 5, 1)
    layer.init_from(conv, x[:4])
    expected = conv(x[4:]).relu()
    assert (layer.eval()(x[4:]) - expected).norm() < 0.7 * (expected - expected.mean((0, 2, 3), keepdim=True)).norm()


def test_says_which_geometry_does_not_fit():
    with pytest.raises(ValueError, match=r"HWD: init_from needs .*expected stride=\(2, 2\), found \(1, 1\)"):
        HWD(4, 6).init_from(nn.Conv2d(4, 6, 3, 1, 1), torch.zeros(1, 4, 4, 4))
    with pytest.raises(ValueError, match=r"HWD: init_from needs a finite x of \[N, 4, H, W\], found \[1, 3, 4, 4\]"):
        HWD(4, 6).init_from(nn.Conv2d(4, 6, 3, 2, 1), torch.zeros(1, 3, 4, 4))
