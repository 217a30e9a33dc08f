"""RCS-OSA: three branches in training, one convolution after it."""

import pytest
import torch
import torch.nn as nn

from yolopatch.modules.blocks.rcsosa import RCSOSA


def rep(layer, x, convolved, normed):
    out = normed(convolved(x, layer.conv3.weight, padding=1), layer.bn3)
    out = out + normed(convolved(x, layer.conv1.weight), layer.bn1)
    if layer.bn0 is not None:
        out = out + normed(x, layer.bn0)
    return out * torch.sigmoid(out)


def rcs(layer, x, convolved, normed):
    half = x.shape[1] // 2
    mixed = rep(layer.rep, x[:, half:], convolved, normed)
    out = torch.empty_like(x)
    out[:, 0::2], out[:, 1::2] = x[:, :half], mixed
    return out


@pytest.mark.parametrize(("c1", "c2", "n", "repeats"), [(8, 8, 1, 1), (16, 12, 2, 1), (24, 24, 4, 2), (8, 24, 3, 1)])
def test_aggregates_two_cascades_once(c1, c2, n, repeats, randomise, convolved, normed):
    layer = randomise(RCSOSA(c1, c2, n)).double().eval()
    assert len(layer.cascade1) == len(layer.cascade2) == repeats
    x = torch.randn(2, c1, 5, 4, dtype=torch.float64)
    maps = [rep(layer.first, x, convolved, normed)]
    for cascade in (layer.cascade1, layer.cascade2):
        out = maps[-1]
        for shuffle in cascade:
            out = rcs(shuffle, out, convolved, normed)
        maps.append(out)
    expected = rep(layer.last, torch.cat(maps, 1), convolved, normed)
    torch.testing.assert_close(layer(x), expected, rtol=1e-10, atol=1e-10)


def parameters_of_rep(c1, c2):
    return 10 * c1 * c2 + 4 * c2 + (2 * c2 if c1 == c2 else 0)


@pytest.mark.parametrize(
    ("c1", "c2", "n", "e", "width"), [(64, 128, 2, 0.5, 32), (64, 64, 4, 0.25, 16), (24, 24, 1, 0.5, 16)]
)
def test_has_the_parameters_of_its_branches(c1, c2, n, e, width):
    repeats = 2 * max(1, n // 2)
    expected = parameters_of_rep(c1, width) + parameters_of_rep(3 * width, c2)
    expected += repeats * parameters_of_rep(width // 2, width // 2)
    assert sum(p.numel() for p in RCSOSA(c1, c2, n, e).parameters()) == expected


def test_folds_to_one_convolution_a_rep_exactly(randomise):
    layer = randomise(RCSOSA(16, 16, 4)).double().eval()
    x = torch.randn(2, 16, 7, 6, dtype=torch.float64)
    expected = layer(x)
    layer.fold()
    torch.testing.assert_close(layer(x), expected, rtol=1e-10, atol=1e-10)
    leaves = [m for m in layer.modules() if not list(m.children()) and not isinstance(m, nn.SiLU)]
    assert [type(m) for m in leaves] == [nn.Conv2d] * 6
    assert all(m.kernel_size == (3, 3) for m in leaves)


def test_says_what_leaves_no_channel():
    with pytest.raises(ValueError, match="RCSOSA: e must leave a channel, found e=False of c1=16"):
        RCSOSA(16, 16, 1, False)
