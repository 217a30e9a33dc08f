"""SPConv: the same class in both flavors."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import resnet50

from yolopatch.modules.convolutions.spconv import SPConv_3x3


def normalise(x, bn):
    mean, var = (value.view(1, -1, 1, 1) for value in (bn.running_mean, bn.running_var))
    return (x - mean) / (var + bn.eps).sqrt() * bn.weight.view(1, -1, 1, 1) + bn.bias.view(1, -1, 1, 1)


def halve(x):
    """2x2 means, of what there is where the size is odd."""
    rows = [x[:, :, r : r + 2].mean(2, keepdim=True) for r in range(0, x.shape[2], 2)]
    x = torch.cat(rows, 2)
    return torch.cat([x[..., c : c + 2].mean(3, keepdim=True) for c in range(0, x.shape[3], 2)], 3)


def split_convolution(layer, x, channels, stride):
    """The paper's operator, written out."""
    first, rest = x[:, :channels], x[:, channels:]
    upper, lower = first.chunk(2, 1)
    kernel_upper, kernel_lower = layer.gwc.weight.chunk(2, 0)
    spatial = torch.cat(
        [
            F.conv2d(part, kernel, stride=stride, padding=1)
            for part, kernel in ((upper, kernel_upper), (lower, kernel_lower))
        ],
        1,
    )
    if stride == 2:
        first, rest = halve(first), halve(rest)
    pointwise = torch.einsum("nchw,oc->nohw", first, layer.pwc.weight[..., 0, 0])
    out3 = normalise(spatial + pointwise, layer.bn1)
    cheap = torch.einsum("nchw,oc->nohw", rest, layer.conv1x1.weight[..., 0, 0])
    out1 = normalise(cheap + layer.conv1x1.bias.view(1, -1, 1, 1), layer.bn2)
    e3, e1 = out3.mean((2, 3), keepdim=True).exp(), out1.mean((2, 3), keepdim=True).exp()
    return (e3 * out3 + e1 * out1) / (e3 + e1)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("ratio", "channels"), [(0.5, 4), (0.25, 2), (0.75, 6)])
@pytest.mark.parametrize("size", [(8, 6), (9, 7), (1, 5)])
def test_forward_is_the_papers(stride, ratio, channels, size, randomise):
    layer = randomise(SPConv_3x3(8, 6, stride, ratio)).double().eval()
    x = torch.randn(3, 8, *size, dtype=torch.float64)
    out = layer(x)
    assert out.shape == (3, 6, math.ceil(size[0] / stride), math.ceil(size[1] / stride))
    torch.testing.assert_close(out, split_convolution(layer, x, channels, stride))


def test_state_has_the_tutorials_names_and_shapes():
    shapes = {name: tuple(value.shape) for name, value in SPConv_3x3(8, 6, 2).state_dict().items()}
    norms = {
        f"{bn}.{name}": (6,) for bn in ("bn1", "bn2") for name in ("weight", "bias", "running_mean", "running_var")
    }
    counters = {"bn1.num_batches_tracked": (), "bn2.num_batches_tracked": ()}
    assert shapes == {
        "gwc.weight": (6, 2, 3, 3),
        "pwc.weight": (6, 4, 1, 1),
        "conv1x1.weight": (6, 4, 1, 1),
        "conv1x1.bias": (6,),
        **norms,
        **counters,
    }


def test_folding_moves_the_inner_norms_into_the_convolutions(randomise):
    layer = randomise(SPConv_3x3(8, 6)).eval()
    folded = layer.folded(torch.ones(6), torch.zeros(6))
    assert not [name for name in folded.state_dict() if "bn" in name]
    kernel = layer.gwc.weight * (layer.bn1.weight / (layer.bn1.running_var + layer.bn1.eps).sqrt()).view(-1, 1, 1, 1)
    torch.testing.assert_close(folded.gwc.weight, kernel)


def test_folding_by_zero_leaves_the_shift(randomise):
    layer = randomise(SPConv_3x3(8, 6)).eval()
    shift = torch.randn(6)
    out = layer.folded(torch.zeros(6), shift)(torch.randn(2, 8, 5, 5))
    assert torch.equal(out, shift.view(1, -1, 1, 1).expand_as(out))


def test_training_updates_both_norms():
    layer = SPConv_3x3(8, 6)
    before = copy.deepcopy(layer.state_dict())
    layer(torch.randn(4, 8, 5, 5))
    changed = {name for name, value in layer.state_dict().items() if not torch.equal(value, before[name])}
    assert {"bn1.running_mean", "bn2.running_mean"} <= changed


# By ratio: parameters with the biases that the BatchNorm behind them removes, and multiply-adds of one image of
# 224x224. The paper prints 25.56, 18.34, 16.93, 16.22 M and, with BatchNorm and ReLU counted, 4.14, 2.97, 2.74, 2.62 G.
RESNET50 = {
    None: (25_557_032, 4_089_184_256),
    1 / 2: (18_345_448, 2_907_439_104),
    1 / 4: (16_930_792, 2_676_228_096),
    1 / 8: (16_223_464, 2_560_622_592),
}
BIASES = 3_776


@pytest.mark.parametrize("ratio", RESNET50)
def test_resnet50_costs_what_the_paper_says(ratio):
    with torch.device("meta"):
        model = resnet50().eval()
        for block in [m for m in model.modules() if ratio and hasattr(m, "conv3")]:
            conv = block.conv2
            block.conv2 = SPConv_3x3(conv.in_channels, conv.out_channels, conv.stride[0], ratio).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(torch.zeros(1, 3, 224, 224))
    assert (count(model), counter.get_total_flops() // 2) == RESNET50[ratio]
    biases = sum(m.conv1x1.bias.numel() for m in model.modules() if isinstance(m, SPConv_3x3))
    assert biases == (BIASES if ratio else 0)
    published = {None: 25.56, 1 / 2: 18.34, 1 / 4: 16.93, 1 / 8: 16.22}
    assert round((count(model) - biases) / 1e6, 2) == published[ratio]


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((8, 8, 3), "stride must be 1 or 2, found 3"),
        ((8, 8, (2, 2)), "stride must be 1 or 2"),
        ((6, 8), "even number of channels.*found 3 of inplanes=6 at ratio=0.5"),
        ((8, 8, 1, 0.1), "found 0 of inplanes=8"),
        ((8, 8, 1, 1.0), "found 8 of inplanes=8"),
        ((8, 7), "outplanes must be even.*found 7"),
    ],
)
def test_says_what_it_cannot_take(arguments, text):
    with pytest.raises(ValueError, match=f"SPConv_3x3: .*{text}"):
        SPConv_3x3(*arguments)
