"""GSConv: half dense, half depthwise, a channel of each in turn."""

import pytest
import torch
import torch.nn as nn

from yolopatch.modules.convolutions.gsconv import GSConv


@pytest.mark.parametrize(("k", "s"), [(1, 1), (3, 2), (5, 1)])
def test_is_the_papers_mixture(k, s, randomise, convolved, normed):
    layer = randomise(GSConv(6, 8, k, s)).double().eval()
    x = torch.randn(2, 6, 7, 6, dtype=torch.float64)
    dense = normed(convolved(x, layer.dense.conv.weight, stride=s, padding=k // 2), layer.dense.bn)
    dense = dense * torch.sigmoid(dense)
    depthwise = normed(convolved(dense, layer.depthwise.conv.weight, padding=2, groups=4), layer.depthwise.bn)
    depthwise = depthwise * torch.sigmoid(depthwise)
    expected = torch.cat([part[:, i : i + 1] for i in range(4) for part in (dense, depthwise)], 1)
    torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("c1", "c2", "k"), [(64, 128, 3), (128, 128, 1)])
def test_has_half_of_a_convolutions_parameters_and_the_depthwise_ones(c1, c2, k):
    half = c2 // 2
    assert sum(p.numel() for p in GSConv(c1, c2, k).parameters()) == k * k * c1 * half + 25 * half + 4 * half


@pytest.mark.parametrize(("act", "kind"), [(True, nn.SiLU), (nn.ReLU(), nn.ReLU), (False, nn.Identity)])
def test_takes_the_activation_as_upstreams_conv_does(act, kind):
    layer = GSConv(4, 4, act=act)
    assert type(layer.dense.act) is type(layer.depthwise.act) is kind


def test_says_that_it_halves_the_channels():
    with pytest.raises(ValueError, match=r"GSConv: c2 must be even.*found 5"):
        GSConv(4, 5)
