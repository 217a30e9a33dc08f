"""SENetV2: squeeze and excitation with several branches."""

import pytest
import torch

from yolopatch.modules.attention.senetv2 import SENetV2


def by_branches(layer, x, branches):
    """The dense layers of the paper's figure, each by itself."""
    pooled = x.mean((2, 3))
    weights = layer.squeeze.weight.flatten(1).chunk(branches)
    biases = layer.squeeze.bias.chunk(branches)
    hidden = [(pooled @ weight.T + bias).clamp(min=0) for weight, bias in zip(weights, biases)]
    gates = 1 / (1 + torch.exp(-(torch.cat(hidden, 1) @ layer.excite.weight.flatten(1).T + layer.excite.bias)))
    return torch.einsum("nchw,nc->nchw", x, gates)


@pytest.mark.parametrize(("r", "branches"), [(8, 4), (4, 2), (32, 1)])
def test_weighs_channels_by_the_branches(r, branches, randomise):
    layer = randomise(SENetV2(16, r, branches)).double()
    x = torch.randn(2, 16, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_branches(layer, x, branches), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("c", [64, 256])
def test_has_the_papers_reduction_and_branches(c):
    hidden = 4 * c // 32
    assert sum(p.numel() for p in SENetV2(c).parameters()) == 2 * c * hidden + hidden + c


def test_a_narrow_map_leaves_each_branch_a_channel():
    assert SENetV2(16).squeeze.weight.shape == (4, 16, 1, 1)
