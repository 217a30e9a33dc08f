"""RFAConv: every place weighs its own receptive field."""

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F

from yolopatch.modules.convolutions.rfaconv import RFAConv


def by_layout(layer, x, convolved, normed):
    """Equation 4 of the paper, laid out k x k for each place, and read by a convolution with stride k."""
    k, s, channels = layer.k, layer.generate.stride[0], x.shape[1]
    ones = torch.ones(channels, 1, k, k, dtype=x.dtype) / (k * k)
    pooled = convolved(x, ones, stride=s, padding=k // 2, groups=channels)
    logits = torch.einsum("nchw,ct->ncthw", pooled, layer.weigh.weight.view(channels, k * k))
    attention = torch.exp(logits) / torch.exp(logits).sum(2, keepdim=True)
    features = convolved(x, layer.generate.weight, stride=s, padding=k // 2, groups=channels)
    features = normed(features, layer.norm).clamp(min=0).view(attention.shape) * attention
    height, width = features.shape[3:]
    laid = x.new_zeros(len(x), channels, height * k, width * k)
    for tap in range(k * k):
        laid[:, :, tap // k :: k, tap % k :: k] = features[:, :, tap]
    return F.conv2d(laid, layer.conv.weight.view(-1, channels, k, k), layer.conv.bias, stride=k)


@pytest.mark.parametrize(("k", "s"), [(3, 1), (3, 2), (5, 2), (1, 1)])
def test_is_the_papers_convolution(k, s, randomise, convolved, normed):
    layer = randomise(RFAConv(4, 6, k, s)).double().eval()
    x = torch.randn(2, 4, 9, 8, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_layout(layer, x, convolved, normed), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("c1", "c2", "k"), [(16, 32, 3), (8, 8, 5)])
def test_has_the_parameters_of_its_parts(c1, c2, k):
    taps = k * k
    expected = c1 * taps + c1 * taps * taps + 2 * c1 * taps + c1 * taps * c2 + c2
    assert sum(p.numel() for p in RFAConv(c1, c2, k).parameters()) == expected


@pytest.mark.parametrize(("k", "s"), [(3, 1), (3, 2), (5, 1)])
@pytest.mark.parametrize("bias", [False, True])
@torch.no_grad()
def test_starts_as_the_convolution(k, s, bias):
    conv, layer = nn.Conv2d(6, 8, k, s, k // 2, bias=bias).double(), RFAConv(6, 8, k, s).double()
    x = F.silu(torch.randn(4, 6, 12, 11, dtype=torch.float64))
    layer.init_from(conv, x)
    torch.testing.assert_close(layer.train()(x), conv(x), rtol=1e-10, atol=1e-10)
    layer.init_from(conv, x)
    other = F.silu(torch.randn(4, 6, 12, 11, dtype=torch.float64))
    torch.testing.assert_close(layer.eval()(other), conv(other), rtol=1e-10, atol=1e-10)


def test_learns_from_there():
    layer, x = RFAConv(6, 8), F.silu(torch.randn(4, 6, 12, 11))
    layer.init_from(nn.Conv2d(6, 8, 3, padding=1), x)
    (layer(x) * torch.randn(4, 8, 12, 11)).sum().backward()
    assert all(parameter.grad.any() for parameter in layer.parameters())


def test_says_what_batch_it_needs():
    with pytest.raises(
        ValueError, match=r"RFAConv: init_from needs a finite x of \[N, 6, H, W\], found \[1, 5, 4, 4\]"
    ):
        RFAConv(6, 8).init_from(nn.Conv2d(6, 8, 3, padding=1), torch.zeros(1, 5, 4, 4))
