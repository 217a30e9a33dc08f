"""The FasterNet block: a partial convolution, then two pointwise ones."""

import pytest
import torch

from yolopatch.modules.blocks.fasternet import FasterNetBlock
from yolopatch.modules.convolutions.pconv import PConv


def one_block(block, x, convolved, normed):
    """Figure 4 of the paper."""
    width = x.shape[1] // 4
    mixed = x.clone()
    mixed[:, :width] = convolved(x[:, :width], block.partial.weight, padding=1)
    hidden = normed(convolved(mixed, block.expand.conv.weight), block.expand.bn).clamp(min=0)
    return convolved(hidden, block.reduce.weight)


@pytest.mark.parametrize(("c1", "n", "shortcut"), [(8, 1, True), (8, 3, False), (6, 2, True)])
def test_is_the_papers_block_n_times(c1, n, shortcut, randomise, convolved, normed):
    layer = randomise(FasterNetBlock(c1, 8, n, shortcut)).double().eval()
    x = torch.randn(2, c1, 5, 4, dtype=torch.float64)
    expected = x if c1 == 8 else normed(convolved(x, layer.project.conv.weight), layer.project.bn)
    for block in layer.blocks:
        expected = one_block(block, expected, convolved, normed) + (expected if shortcut else 0)
    torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("width", "depths", "millions"), [(40, (1, 2, 8, 2), 3.9), (64, (1, 2, 8, 2), 7.6), (128, (1, 2, 13, 2), 31.1)]
)
def test_a_fasternet_of_it_has_the_papers_parameters(width, depths, millions):
    """T0, T1 and S of table 1: stages of blocks, convolutions of patches with BatchNorm, and the classifier."""
    with torch.device("meta"):
        total = 3 * 16 * width + 2 * width
        for stage, depth in enumerate(depths):
            c = width * 2**stage
            total += sum(p.numel() for p in FasterNetBlock(c, c, depth).parameters())
            total += (4 * c * 2 * c + 2 * 2 * c) if stage < 3 else 0
    total += 8 * width * 1280 + 1280 * 1000 + 1000
    # the paper's 31.1 M for S is without the running statistics, as this is; it rounds 31.18 down
    assert abs(total / 1e6 - millions) < 0.1


def test_its_partial_convolution_is_pconvs():
    block, alone = FasterNetBlock(8, 8).blocks[0], PConv(8, 8)
    assert block.partial.weight.shape == alone.partial.weight.shape


@pytest.mark.parametrize(("options", "text"), [({"n_div": 9}, "n_div=9 of c2=8"), ({"mlp_ratio": False}, "of c2=8")])
def test_says_what_leaves_no_channel(options, text):
    with pytest.raises(ValueError, match=f"FasterNetBlock: .*must leave a channel.*{text}"):
        FasterNetBlock(8, 8, **options)
