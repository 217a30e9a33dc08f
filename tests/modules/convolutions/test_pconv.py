"""PConv: a quarter of the channels, then all of them."""

import pytest
import torch
import torch.nn as nn

from yolopatch.modules.convolutions.pconv import PConv


def smooth(count, channels, side, seed=0):
    """Maps whose channels have something in common, as those of a trained model have."""
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.randn(count, 4, side // 6, side // 6, generator=generator)
    mixing = torch.randn(channels, 4, generator=torch.Generator().manual_seed(99))
    maps = nn.functional.interpolate(shapes, (side, side), mode="bicubic")
    maps = torch.einsum("nchw,oc->nohw", maps, mixing)
    return nn.functional.silu(maps + 0.1 * torch.randn(maps.shape, generator=generator) + 0.5)


@pytest.mark.parametrize(("c1", "c2", "k", "n_div"), [(8, 12, 3, 4), (9, 5, 5, 3), (7, 7, 1, 7)])
def test_convolves_the_first_channels_and_mixes_all(c1, c2, k, n_div, randomise, convolved):
    layer = randomise(PConv(c1, c2, k, n_div)).double()
    x = torch.randn(2, c1, 6, 5, dtype=torch.float64)
    mixed, width = x.clone(), c1 // n_div
    mixed[:, :width] = convolved(x[:, :width], layer.partial.weight, padding=k // 2)
    expected = convolved(mixed, layer.pointwise.weight)
    torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("c1", "c2"), [(64, 64), (128, 256)])
def test_has_a_sixteenth_of_a_convolutions_parameters_and_the_pointwise_ones(c1, c2):
    assert sum(p.numel() for p in PConv(c1, c2).parameters()) == 9 * (c1 // 4) ** 2 + c1 * c2


@torch.no_grad()
def test_starts_as_a_convolution_of_its_own_form():
    """Least squares find a convolution that PConv can be: few kernels on the first channels, one tap on the others."""
    conv, own = nn.Conv2d(16, 24, 3, padding=1, bias=False), PConv(16, 24)
    conv.weight.zero_()
    conv.weight[:, :, 1, 1] = own.pointwise.weight.flatten(1)
    conv.weight[:, :4] = torch.einsum("oj,jihw->oihw", own.pointwise.weight[:, :4].flatten(1), own.partial.weight)
    layer, x = PConv(16, 24), torch.randn(4, 16, 20, 20)
    layer.init_from(conv, x)
    torch.testing.assert_close(layer(x), conv(x), rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_starts_near_any_convolution_on_images_that_it_did_not_see():
    conv, layer = nn.Conv2d(16, 24, 3, padding=1, bias=False), PConv(16, 24)
    layer.init_from(conv, smooth(4, 16, 36))
    x = smooth(4, 16, 36, seed=1)
    expected = conv(x)
    assert (layer(x) - expected).norm() < 0.4 * (expected - expected.mean((0, 2, 3), keepdim=True)).norm()


@pytest.mark.parametrize(("c1", "c2"), [(16, 2), (4, 8)])
def test_starts_where_the_outputs_or_the_first_channels_are_few(c1, c2):
    layer = PConv(c1, c2)
    layer.init_from(nn.Conv2d(c1, c2, 3, padding=1), torch.randn(2, c1, 9, 9))
    assert torch.isfinite(layer.pointwise.weight).all()


@pytest.mark.parametrize("x", [torch.zeros(2, 8, 5, 5), torch.full((1, 16, 5, 5), float("nan")), torch.zeros(16, 5, 5)])
def test_says_what_batch_it_needs(x):
    with pytest.raises(ValueError, match=r"PConv: init_from needs a finite x of \[N, 16, H, W\]"):
        PConv(16, 24).init_from(nn.Conv2d(16, 24, 3, padding=1), x)


@pytest.mark.parametrize(("options", "text"), [({"k": 4}, "k must be odd.*found 4"), ({"n_div": 9}, "n_div=9 of c1=8")])
def test_says_what_it_cannot_be(options, text):
    with pytest.raises(ValueError, match=text):
        PConv(8, 8, **options)
