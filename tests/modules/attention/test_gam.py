"""GAM: channel attention of every place, then spatial attention of every channel."""

import pytest
import torch
import torch.nn.functional as F

from yolopatch.modules.attention.gam import GAM


def by_permutation(layer, x, convolved, normed):
    """Equations 1 and 2 of the paper: the multilayer perceptron sees the permuted map."""
    hidden = F.linear(x.permute(0, 2, 3, 1), layer.reduce.weight.flatten(1), layer.reduce.bias).clamp(min=0)
    channel = F.linear(hidden, layer.expand.weight.flatten(1), layer.expand.bias).permute(0, 3, 1, 2)
    x = x / (1 + torch.exp(-channel))
    spatial = normed(convolved(x, layer.first.weight, padding=3, groups=layer.g), layer.norm1).clamp(min=0)
    size = spatial.shape[1] // layer.g
    spatial = spatial[:, [group * size + place for place in range(size) for group in range(layer.g)]]
    spatial = normed(convolved(spatial, layer.second.weight, padding=3, groups=layer.g), layer.norm2)
    return x / (1 + torch.exp(-spatial))


@pytest.mark.parametrize(("r", "g"), [(4, 1), (2, 2), (2, 4)])
def test_is_the_papers_two_products(r, g, randomise, convolved, normed):
    layer = randomise(GAM(16, r, g)).double().eval()
    x = torch.randn(2, 16, 9, 8, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_permutation(layer, x, convolved, normed), rtol=1e-12, atol=1e-12)


def test_a_resnet50_with_it_has_the_papers_149_5_million():
    blocks = {256: 3, 512: 4, 1024: 6, 2048: 3}
    with torch.device("meta"):
        added = sum(n * sum(p.numel() for p in GAM(c).parameters()) for c, n in blocks.items())
    assert round(23.71 + added / 1e6, 1) == 149.5


def test_groups_must_divide_the_channels():
    with pytest.raises(ValueError, match="GAM: g must divide c1, found g=3, c1=16"):
        GAM(16, g=3)


def test_a_narrow_map_keeps_a_channel_for_each_group():
    assert GAM(8, 16, 4).first.weight.shape == (4, 2, 7, 7)
