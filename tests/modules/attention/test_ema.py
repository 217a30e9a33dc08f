"""EMA: two branches that weigh each other, group by group."""

import pytest
import torch

from yolopatch.modules.attention.ema import EMA


def softmax(values):
    powers = torch.exp(values)
    return powers / powers.sum()


def one_group(layer, x, convolved):
    """The attended group [m, H, W] of one image."""
    weight, bias = layer.pointwise.weight.flatten(1), layer.pointwise.bias
    rows = torch.sigmoid(weight @ x.mean(2) + bias.view(-1, 1))
    columns = torch.sigmoid(weight @ x.mean(1) + bias.view(-1, 1))
    first = torch.einsum("chw,ch,cw->chw", x, rows, columns)
    mean = first.mean((1, 2), keepdim=True)
    variance = (first - mean).square().mean((1, 2), keepdim=True)
    first = (first - mean) / (variance + layer.norm.eps).sqrt() * layer.norm.weight.view(-1, 1, 1)
    first = first + layer.norm.bias.view(-1, 1, 1)
    second = convolved(x.unsqueeze(0), layer.spatial.weight, layer.spatial.bias, padding=1)[0]
    of_first, of_second = softmax(first.mean((1, 2))), softmax(second.mean((1, 2)))
    attention = torch.einsum("c,chw->hw", of_first, second) + torch.einsum("c,chw->hw", of_second, first)
    return x * torch.sigmoid(attention)


@pytest.mark.parametrize(("c", "factor", "groups"), [(16, 4, 4), (12, 32, 4), (8, 1, 1)])
def test_attends_each_group_by_itself(c, factor, groups, randomise, convolved):
    layer = randomise(EMA(c, factor)).double()
    assert layer.groups == groups
    x = torch.randn(2, c, 5, 4, dtype=torch.float64)
    expected = [torch.cat([one_group(layer, part, convolved) for part in image.chunk(groups)]) for image in x]
    torch.testing.assert_close(layer(x), torch.stack(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("c", "m"), [(64, 2), (256, 8), (48, 3)])
def test_all_groups_share_the_parameters_of_one(c, m):
    assert sum(p.numel() for p in EMA(c).parameters()) == m * m + 9 * m * m + 2 * m + 2 * m


def test_the_norm_decides_alone_over_one_of_the_two_softmaxes(randomise):
    # a consequence of the authors' norm of each channel by itself: what is normed has the norm's bias as its mean
    layer = randomise(EMA(8, 4)).double()
    normed = layer.norm(torch.randn(3, 2, 5, 5, dtype=torch.float64))
    torch.testing.assert_close(normed.mean((2, 3)), layer.norm.bias.expand(3, -1))
