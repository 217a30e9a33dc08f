"""The star block: a product of two pointwise convolutions between depthwise ones."""

import pytest
import torch

from yolopatch.modules.blocks.starblock import StarBlock


def one_block(block, x, convolved, normed):
    """Figure 3 of the paper."""
    groups = x.shape[1]
    mixed = normed(convolved(x, block.spatial1.conv.weight, padding=3, groups=groups), block.spatial1.bn)
    gate = convolved(mixed, block.gate.weight, block.gate.bias).clamp(0, 6)
    star = gate * convolved(mixed, block.value.weight, block.value.bias)
    reduced = normed(convolved(star, block.reduce.conv.weight), block.reduce.bn)
    return convolved(reduced, block.spatial2.weight, block.spatial2.bias, padding=3, groups=groups)


@pytest.mark.parametrize(("c1", "n", "shortcut"), [(6, 1, True), (6, 2, False), (5, 2, True)])
def test_is_the_papers_block_n_times(c1, n, shortcut, randomise, convolved, normed):
    layer = randomise(StarBlock(c1, 6, n, shortcut)).double().eval()
    x = torch.randn(2, c1, 9, 8, dtype=torch.float64)
    expected = x if c1 == 6 else normed(convolved(x, layer.project.conv.weight), layer.project.bn)
    for block in layer.blocks:
        expected = one_block(block, expected, convolved, normed) + (expected if shortcut else 0)
    torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("width", "depths", "millions"),
    [(24, (2, 2, 8, 3), 2.9), (32, (1, 2, 6, 2), 3.7), (32, (2, 2, 8, 4), 5.8), (32, (3, 3, 12, 5), 7.5)],
)
def test_a_starnet_of_it_has_the_papers_parameters(width, depths, millions):
    """S1 to S4 of the paper: a stem of 32 channels, convolutions of stride 2 before each stage, and the classifier."""
    inputs, total = 32, 3 * 32 * 9 + 3 * 32
    with torch.device("meta"):
        for stage, depth in enumerate(depths):
            c = width * 2**stage
            total += 9 * inputs * c + 3 * c + sum(p.numel() for p in StarBlock(c, c, depth).parameters())
            total += 2 * depth * c  # the authors' biases before a norm, which do nothing
            inputs = c
    total += 2 * inputs + 1000 * inputs + 1000
    assert round(total / 1e6, 1) == millions


def test_says_what_leaves_no_channel():
    with pytest.raises(ValueError, match="StarBlock: mlp_ratio must leave a channel, found False of c2=8"):
        StarBlock(8, 8, mlp_ratio=False)
