"""The layers under test: every bare class, in both flavors, with arguments for each of its code paths."""

import pytest
import torch

from yolopatch.modules.attention.coordatt import CoordAtt
from yolopatch.modules.attention.ema import EMA
from yolopatch.modules.attention.gam import GAM
from yolopatch.modules.attention.senetv2 import SENetV2
from yolopatch.modules.attention.simam import SimAM
from yolopatch.modules.blocks.fasternet import FasterNetBlock
from yolopatch.modules.blocks.mdcr import MDCR
from yolopatch.modules.blocks.rcsosa import RCSOSA
from yolopatch.modules.blocks.starblock import StarBlock
from yolopatch.modules.blocks.vovgscsp import VoVGSCSP
from yolopatch.modules.convolutions.akconv import AKConv
from yolopatch.modules.convolutions.dsconv import PaperDSConv, TutorialDSConv
from yolopatch.modules.convolutions.dynamic_conv2d import PaperDynamic_conv2d, TutorialDynamic_conv2d
from yolopatch.modules.convolutions.dynamicconv import PaperDynamicConv, TutorialDynamicConv
from yolopatch.modules.convolutions.gsconv import GSConv
from yolopatch.modules.convolutions.hwd import HWD
from yolopatch.modules.convolutions.pconv import PConv
from yolopatch.modules.convolutions.refconv import PaperRefConv, TutorialRefConv
from yolopatch.modules.convolutions.rfaconv import RFAConv
from yolopatch.modules.convolutions.spconv import SPConv_3x3
from yolopatch.modules.convolutions.spdconv import SPDConv

# Every case maps 8 channels to 12.
PAPER = {
    "RefConv": lambda: PaperRefConv(8, 12, 3, 2),
    "RefConv-groups": lambda: PaperRefConv(8, 12, 5, 1, padding=0, groups=4),
    "DynamicConv": lambda: PaperDynamicConv(8, 12, 3, 2),
    "DynamicConv-bias-groups": lambda: PaperDynamicConv(8, 12, (3, 1), padding=(1, 0), groups=2, bias=True),
    "SPConv_3x3": lambda: SPConv_3x3(8, 12),
    "SPConv_3x3-stride2": lambda: SPConv_3x3(8, 12, 2, 0.75),
    "DSConv": lambda: PaperDSConv(8, 12, 3, 2, block_size=3),
    "DSConv-all-options": lambda: PaperDSConv(
        8,
        12,
        (3, 1),
        groups=2,
        padding_mode="circular",
        bias=True,
        block_size=3,
        KDSBias=True,
        CDS=True,
        bits=3,
    ),
    "Dynamic_conv2d": lambda: PaperDynamic_conv2d(8, 12, 3, stride=2, padding=1),
    "Dynamic_conv2d-1x1": lambda: PaperDynamic_conv2d(8, 12, 1),
    "Dynamic_conv2d-groups": lambda: PaperDynamic_conv2d(8, 12, 3, groups=2, bias=False, init_weight=False),
}
TUTORIAL = {
    "RefConv-tutorial": lambda: TutorialRefConv(8, 12, 3, 2),
    "DynamicConv-tutorial": lambda: TutorialDynamicConv(8, 12, 3, 2),
    "DynamicConv-tutorial-bias": lambda: TutorialDynamicConv(8, 12, 3, bias=True),
    "DSConv-tutorial": lambda: TutorialDSConv(8, 12, 3, 2, bias=True, KDSBias=True, CDS=True),
    "Dynamic_conv2d-tutorial": lambda: TutorialDynamic_conv2d(8, 12, 1, 1),
}


def frozen_dsconv():
    layer = PaperDSConv(8, 12, 3, 2, block_size=3, KDSBias=True, CDS=True)
    layer.freeze()
    return layer


FROZEN = {"DSConv-frozen": frozen_dsconv}
# Modules that no tutorial describes: first those that have a norm behind them, then layers with their own norm,
# attention and blocks. Attention maps 8 channels to 8.
BARE = {
    "PConv": lambda: PConv(8, 12),
    "RFAConv": lambda: RFAConv(8, 12, 3, 2),
    "SPDConv": lambda: SPDConv(8, 12),
}
WHOLE = {
    "AKConv": lambda: AKConv(8, 12, 5, 2),
    "AKConv-7-points": lambda: AKConv(8, 12, 7, act=False),
    "HWD": lambda: HWD(8, 12),
    "GSConv": lambda: GSConv(8, 12, 3, 2),
    "GAM": lambda: GAM(8, 4),
    "GAM-groups": lambda: GAM(8, 4, 2),
    "SENetV2": lambda: SENetV2(8, 4),
    "EMA": lambda: EMA(8, 4),
    "CoordAtt": lambda: CoordAtt(8),
    "SimAM": SimAM,
    "FasterNetBlock": lambda: FasterNetBlock(8, 12),
    "RCSOSA": lambda: RCSOSA(8, 12),
    "MDCR": lambda: MDCR(8, 12),
    "VoVGSCSP": lambda: VoVGSCSP(8, 12),
    "StarBlock": lambda: StarBlock(8, 12),
}
CHANNELS_IN, CHANNELS_OUT = 8, 12


def randomise(layer, seed=0):
    """Give every parameter and float buffer a value that is neither its initial one nor uninitialised."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in layer.state_dict().items():
            if name.endswith("running_var"):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
            elif name.endswith("trained_batches"):
                tensor.fill_(400)
            elif tensor.is_floating_point():
                tensor.copy_(torch.randn(tensor.shape, generator=generator) / 4)
    return layer


def build(factory, dtype=torch.float32):
    """A reproducible layer with random state, in eval mode."""
    torch.manual_seed(0)
    return randomise(factory()).to(dtype).eval()


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The tensors here are small: threads gain nothing, and cost much on a machine that is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def seeded():
    """Each test has its own random numbers, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture(name="randomise")
def randomise_fixture():
    return randomise


@pytest.fixture(params=[*PAPER, *BARE, *WHOLE])
def paper_factory(request):
    return {**PAPER, **BARE, **WHOLE}[request.param]


@pytest.fixture(params=[*BARE, *WHOLE])
def built_in_factory(request):
    """A module that no tutorial describes."""
    return {**BARE, **WHOLE}[request.param]


@pytest.fixture(params=[*PAPER, *TUTORIAL, *FROZEN, *BARE])
def bare_factory(request):
    return {**PAPER, **TUTORIAL, **FROZEN, **BARE}[request.param]


@pytest.fixture(params=[*PAPER, *TUTORIAL, *FROZEN, *BARE, *WHOLE])
def factory(request):
    return {**PAPER, **TUTORIAL, **FROZEN, **BARE, **WHOLE}[request.param]


@pytest.fixture
def bare_layer(bare_factory):
    """A layer of which a norm is expected behind it."""
    return build(bare_factory)


@pytest.fixture
def bare_layer64(bare_factory):
    return build(bare_factory, torch.float64)


@pytest.fixture
def layer(factory):
    return build(factory)


@pytest.fixture
def layer64(factory):
    return build(factory, torch.float64)


@pytest.fixture
def image():
    """A batch of three images of odd size."""
    return torch.randn(3, CHANNELS_IN, 9, 7, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def affine():
    """A scale and a shift per output channel in float64; the scale has a zero and both signs."""
    generator = torch.Generator().manual_seed(2)
    scale = torch.randn(CHANNELS_OUT, generator=generator, dtype=torch.float64)
    scale[3] = 0
    return scale, torch.randn(CHANNELS_OUT, generator=generator, dtype=torch.float64)


@pytest.fixture
def convolved():
    """Give a convolution as a sum over its taps, to compare with."""

    def convolve(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        outputs, _, height, width = weight.shape
        x = torch.nn.functional.pad(x, (padding,) * 4)
        rows = (x.shape[2] - dilation * (height - 1) - 1) // stride + 1
        columns = (x.shape[3] - dilation * (width - 1) - 1) // stride + 1
        out = x.new_zeros(len(x), outputs, rows, columns)
        for i in range(height):
            for j in range(width):
                top, left = i * dilation, j * dilation
                seen = x[
                    :,
                    :,
                    top : top + (rows - 1) * stride + 1 : stride,
                    left : left + (columns - 1) * stride + 1 : stride,
                ]
                for group, (kernel, part) in enumerate(zip(weight.chunk(groups), seen.chunk(groups, 1))):
                    size = outputs // groups
                    out[:, group * size : (group + 1) * size] += torch.einsum("nchw,oc->nohw", part, kernel[:, :, i, j])
        return out if bias is None else out + bias.view(1, -1, 1, 1)

    return convolve


@pytest.fixture
def normed():
    """Give what a BatchNorm does in eval mode, to compare with."""

    def norm(x, bn):
        values = (value.view(1, -1, 1, 1) for value in (bn.running_mean, bn.running_var, bn.weight, bn.bias))
        mean, variance, weight, bias = values
        return (x - mean) / (variance + bn.eps) ** 0.5 * weight + bias

    return norm
