"""VoV-GSCSP: a cross stage partial block of GSConvs."""

import pytest
import torch

from yolopatch.modules.blocks.vovgscsp import VoVGSCSP
from yolopatch.modules.convolutions.gsconv import GSConv


@pytest.fixture
def unit(convolved, normed):
    """Give what a convolution with its norm and its activation computes."""

    def compute(layer, x):
        k, groups = layer.conv.kernel_size[0], layer.conv.groups
        out = normed(convolved(x, layer.conv.weight, padding=k // 2, groups=groups), layer.bn)
        return out * torch.sigmoid(out) if isinstance(layer.act, torch.nn.SiLU) else out

    return compute


def gsconv(layer, x, unit):
    dense = unit(layer.dense, x)
    depthwise = unit(layer.depthwise, dense)
    out = torch.empty(len(x), 2 * dense.shape[1], *dense.shape[2:], dtype=x.dtype)
    out[:, 0::2], out[:, 1::2] = dense, depthwise
    return out


@pytest.mark.parametrize(("c1", "n"), [(6, 1), (8, 2)])
def test_is_the_papers_block(c1, n, randomise, unit):
    layer = randomise(VoVGSCSP(c1, 8, n)).double().eval()
    x = torch.randn(2, c1, 6, 5, dtype=torch.float64)
    out = unit(layer.cv1, x)
    for block in layer.blocks:
        out = gsconv(block.second, gsconv(block.first, out, unit), unit) + unit(block.shortcut, out)
    expected = unit(layer.cv3, torch.cat((unit(layer.cv2, x), out), 1))
    torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


def test_the_last_gsconv_and_the_shortcut_have_no_activation():
    block = VoVGSCSP(8, 8).blocks[0]
    quiet = (block.second.dense, block.second.depthwise, block.shortcut)
    assert all(isinstance(unit.act, torch.nn.Identity) for unit in quiet)
    assert isinstance(block.first.depthwise.act, torch.nn.SiLU)


@pytest.mark.parametrize("act", [True, False])
def test_its_gsconv_is_gsconv(act, randomise):
    inner = VoVGSCSP(16, 16).blocks[0]
    inner, k = (inner.first, 1) if act else (inner.second, 3)
    alone = GSConv(8, 8, k, act=act)
    alone.load_state_dict(randomise(inner).state_dict(), strict=True)
    x = torch.randn(2, 8, 6, 5)
    assert torch.equal(alone.eval()(x), inner.eval()(x))


def parameters_of_gsconv(c, k):
    half = c // 2
    return k * k * c * half + 25 * half + 4 * half


@pytest.mark.parametrize(("c1", "c2", "n"), [(64, 128, 1), (128, 128, 3)])
def test_has_no_parameter_that_it_does_not_use(c1, c2, n):
    c = c2 // 2
    block = parameters_of_gsconv(c, 1) + parameters_of_gsconv(c, 3) + c * c + 2 * c
    expected = 2 * (c1 * c + 2 * c) + 2 * c * c2 + 2 * c2 + n * block
    assert sum(p.numel() for p in VoVGSCSP(c1, c2, n).parameters()) == expected


@pytest.mark.parametrize("options", [{"e": False}, {"e": 0.4}])
def test_says_what_a_gsconv_cannot_halve(options):
    with pytest.raises(ValueError, match=r"VoVGSCSP: int\(e \* c2\) must be even and at least 2.*of c2=8"):
        VoVGSCSP(8, 8, **options)
