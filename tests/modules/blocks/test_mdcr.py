"""MDCR: four dilations, mixed channel by channel."""

import pytest
import torch

from yolopatch.modules.blocks.mdcr import MDCR


def by_groups(layer, x, convolved, normed):
    """Equations of section 3.4 of the paper, one group of four channels after the other."""
    dilations = [part.conv.dilation[0] for part in layer.parts]
    size = x.shape[1] // 4
    refined = [
        normed(convolved(piece, part.conv.weight, padding=d, dilation=d, groups=size), part.bn).clamp(min=0)
        for piece, part, d in zip(x.split(size, 1), layer.parts, dilations)
    ]
    mixed = []
    for channel in range(size):
        four = torch.cat([part[:, channel : channel + 1] for part in refined], 1)
        mixed.append(normed(convolved(four, layer.inner.conv.weight), layer.inner.bn).clamp(min=0))
    return normed(convolved(torch.cat(mixed, 1), layer.outer.conv.weight), layer.outer.bn).clamp(min=0)


@pytest.mark.parametrize("dilations", [(1, 6, 12, 18), (1, 2, 3, 4)])
def test_mixes_the_same_channel_of_the_four_parts(dilations, randomise, convolved, normed):
    layer = randomise(MDCR(12, 10, dilations)).double().eval()
    x = torch.randn(2, 12, 21, 20, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_groups(layer, x, convolved, normed), rtol=1e-12, atol=1e-12)


def test_all_groups_share_one_inner_convolution():
    c1, c2 = 64, 128
    depthwise, inner, outer = 9 * c1 + 2 * c1, 4 * 4 + 2 * 4, c1 * c2 + 2 * c2
    assert sum(p.numel() for p in MDCR(c1, c2).parameters()) == depthwise + inner + outer


def test_training_normalises_over_all_groups_at_once():
    # circulating code runs the shared norm once for each group, which moves its statistics as often
    layer = MDCR(16, 16).train()
    layer(torch.randn(2, 16, 24, 24))
    assert layer.inner.bn.num_batches_tracked == 1


def test_says_that_the_channels_are_cut_into_four():
    with pytest.raises(ValueError, match="MDCR: the 4 dilations must divide c1, found c1=10"):
        MDCR(10, 12)
