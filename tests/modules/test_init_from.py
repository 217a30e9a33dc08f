"""A layer that starts from the convolution that it stands for computes what that one does, and can still learn."""

import copy

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F

from yolopatch.modules.convolutions.dynamic_conv2d import PaperDynamic_conv2d, TutorialDynamic_conv2d
from yolopatch.modules.convolutions.dynamicconv import PaperDynamicConv, TutorialDynamicConv
from yolopatch.modules.convolutions.pconv import PConv
from yolopatch.modules.convolutions.refconv import PaperRefConv, TutorialRefConv
from yolopatch.modules.convolutions.rfaconv import RFAConv
from yolopatch.modules.convolutions.spconv import SPConv_3x3

REFCONVS = (PaperRefConv, TutorialRefConv)
DYNAMICCONVS = (PaperDynamicConv, TutorialDynamicConv)
DYNAMIC_CONV2DS = (PaperDynamic_conv2d, TutorialDynamic_conv2d)


def pictures(count, channels=16, side=36, seed=0):
    """Smooth maps of which some are mixtures of others, with light noise: what convolutions see in a trained model."""
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.randn(count, 4, side // 6, side // 6, generator=generator)
    mixing = torch.randn(channels, 4, 1, 1, generator=torch.Generator().manual_seed(99))
    smooth = F.interpolate(F.conv2d(shapes, mixing), (side, side), mode="bicubic")
    return F.silu(smooth + 0.1 * torch.randn(smooth.shape, generator=generator) + 0.5)


def convolution(channels_in=16, channels_out=24, k=3, stride=1, **options):
    torch.manual_seed(1)
    return nn.Conv2d(channels_in, channels_out, k, stride, k // 2, **options)


def started(layer, conv, x):
    """The layer after `init_from`, in eval mode."""
    layer.init_from(conv, x)
    return layer.eval()


def relative_error(found, expected):
    """Root mean square error as a part of the expected output's deviation in each channel."""
    return ((found - expected).norm() / (expected - expected.mean((0, 2, 3), keepdim=True)).norm()).item()


# RefConv


@pytest.mark.parametrize("cls", REFCONVS)
@pytest.mark.parametrize(("k", "stride", "groups"), [(3, 2, 1), (5, 1, 4)])
def test_refconv_starts_as_the_convolution(cls, k, stride, groups):
    conv, x = convolution(k=k, stride=stride, groups=groups, bias=False), pictures(2)
    layer = started(cls(16, 24, k, stride, groups=groups), conv, x)
    assert torch.equal(layer(x), conv(x))


@pytest.mark.parametrize("cls", REFCONVS)
def test_refconv_leaves_out_a_bias(cls):
    conv, x = convolution(), pictures(2)
    layer = started(cls(16, 24, 3, 1), conv, x)
    torch.testing.assert_close(layer(x) + conv.bias.view(1, -1, 1, 1), conv(x))


@pytest.mark.parametrize("cls", REFCONVS)
def test_refconv_learns_from_there(cls):
    layer, x = cls(16, 24, 3, 1), pictures(2)
    layer.init_from(convolution(), x)
    layer(x).square().sum().backward()
    assert layer.convmap.weight.grad.any()


# DynamicConv and Dynamic_conv2d


def dynamic(cls, experts=4, bias=True, k=3, stride=1, groups=1):
    if cls in DYNAMICCONVS:
        return cls(16, 24, k, stride, groups=groups, bias=bias, num_experts=experts)
    return cls(16, 24, k, stride=stride, padding=k // 2, groups=groups, bias=bias, K=experts)


def experts_of(layer):
    """The experts' kernels, [experts, values]."""
    return (layer.cond_conv.weight if isinstance(layer, DYNAMICCONVS) else layer.weight).flatten(1)


def cooled(layer):
    """Dynamic_conv2d after its annealing: at 34, where it starts, attention moves a thousand times more slowly."""
    if isinstance(layer, PaperDynamic_conv2d):
        layer.attention.trained_batches.fill_(layer.attention.anneal_steps)
    elif isinstance(layer, TutorialDynamic_conv2d):
        layer.attention.temperature = 1
    return layer


def router_of(layer):
    """The weights that decide over the mixture: the last layer's."""
    if isinstance(layer, DYNAMICCONVS):
        return layer.routing.weight if isinstance(layer, TutorialDynamicConv) else layer.routing[2].weight
    return layer.attention.fc2.weight


@pytest.mark.parametrize("cls", [*DYNAMICCONVS, *DYNAMIC_CONV2DS])
@pytest.mark.parametrize("experts", [1, 3, 4])
@pytest.mark.parametrize(("k", "stride"), [(3, 2), (1, 1)])
def test_dynamic_layers_start_as_the_convolution_whatever_the_image(cls, experts, k, stride):
    conv, x = convolution(k=k, stride=stride).double(), pictures(3).double()
    layer = started(dynamic(cls, experts, k=k, stride=stride).double(), conv, x)
    for image in (x, -9 * x, torch.randn_like(x)):
        torch.testing.assert_close(layer(image), conv(image), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cls", [*DYNAMICCONVS, PaperDynamic_conv2d])
def test_dynamic_layers_start_as_a_grouped_convolution(cls):
    conv, x = convolution(groups=4), pictures(2)
    layer = started(dynamic(cls, groups=4), conv, x)
    torch.testing.assert_close(layer(x), conv(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cls", [*DYNAMICCONVS, *DYNAMIC_CONV2DS])
def test_dynamic_layers_without_biases_leave_out_a_bias(cls):
    conv, x = convolution(), pictures(2)
    layer = started(dynamic(cls, bias=False), conv, x)
    torch.testing.assert_close(layer(x) + conv.bias.view(1, -1, 1, 1), conv(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cls", [*DYNAMICCONVS, *DYNAMIC_CONV2DS])
def test_dynamic_layers_biases_are_zero_for_a_convolution_without_one(cls):
    conv, x = convolution(bias=False), pictures(2)
    torch.testing.assert_close(started(dynamic(cls), conv, x)(x), conv(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cls", DYNAMIC_CONV2DS)
def test_dynamic_conv2d_starts_as_the_convolution_at_any_temperature(cls):
    conv, x = convolution(), pictures(2)
    layer = cooled(started(dynamic(cls), conv, x))
    torch.testing.assert_close(layer(x), conv(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cls", [*DYNAMICCONVS, *DYNAMIC_CONV2DS])
@pytest.mark.parametrize("experts", [3, 4])
def test_experts_start_near_each_other_in_opposite_pairs(cls, experts):
    conv = convolution()
    kernels = experts_of(started(dynamic(cls, experts), conv, pictures(2)))
    middle = kernels.mean(0)
    away = (kernels - middle).norm(dim=1) / middle.norm()
    assert away[:2].tolist() == pytest.approx([0.1, 0.1], rel=0.05)
    torch.testing.assert_close(kernels[0] - middle, middle - kernels[1], rtol=1e-4, atol=1e-6)
    if experts == 3:
        torch.testing.assert_close(kernels[2], middle)
    else:
        assert (kernels[0] - kernels[2]).norm() > 0.1 * middle.norm()


@pytest.mark.parametrize("cls", [*DYNAMICCONVS, *DYNAMIC_CONV2DS])
def test_the_first_step_gives_the_routing_a_gradient(cls):
    torch.manual_seed(0)
    layer = dynamic(cls).train()
    layer.init_from(convolution(), pictures(4))
    layer(pictures(4)).square().mean().backward()
    assert router_of(layer).grad.any()


@pytest.mark.parametrize("cls", [*DYNAMICCONVS, *DYNAMIC_CONV2DS])
def test_experts_learn_apart(cls):
    """Asked to treat dark and bright images differently, the mixture follows, and the experts' differences change."""
    torch.manual_seed(0)
    x = pictures(4) * torch.tensor([0.25, 0.5, 1.0, 2.0]).view(-1, 1, 1, 1)
    layer = cooled(dynamic(cls, bias=False)).train()
    layer.init_from(convolution(), x)
    target = layer(x).detach() * torch.tensor([1.75, 1.25, 0.75, 0.25]).view(-1, 1, 1, 1)
    start = experts_of(layer).detach().clone()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.3, momentum=0.9)
    for _ in range(10):
        optimizer.zero_grad()
        F.mse_loss(layer(x), target).backward()
        optimizer.step()
    moved = experts_of(layer).detach() - start
    apart = (moved - moved.mean(0)).norm(dim=1)
    assert apart.min() > 1e-3 * (start[0] - start[1]).norm()


@pytest.mark.parametrize("cls", [*DYNAMICCONVS, *DYNAMIC_CONV2DS])
def test_the_seed_decides_over_the_experts(cls):
    starts = []
    for seed in (5, 5, 6):
        layer = dynamic(cls)
        torch.manual_seed(seed)
        layer.init_from(convolution_of(7), pictures(1))
        starts.append(experts_of(layer))
    assert torch.equal(starts[0], starts[1])
    assert not torch.equal(starts[0], starts[2])


def convolution_of(seed):
    """A convolution that leaves torch's global generator alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Conv2d(16, 24, 3, padding=1)


# SPConv


def even_halves(conv, x, others):
    """What two branches with even gates give: the kernels that SPConv has room for, and `others` for the rest."""
    half_in, half_out = conv.in_channels // 4, conv.out_channels // 2
    kernel = others.clone()
    for outputs, inputs in (
        (slice(half_out), slice(half_in)),
        (slice(half_out, None), slice(half_in, 2 * half_in)),
    ):
        kernel[outputs, inputs] = conv.weight[outputs, inputs]
    return F.conv2d(x, kernel, None, conv.stride, conv.padding)


def without_mean(out, like):
    """The output with the per-channel mean of another: what the best constant makes of it."""
    return out - out.mean((0, 2, 3), keepdim=True) + like.mean((0, 2, 3), keepdim=True)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [36, 39])
@pytest.mark.parametrize("bias", [False, True])
@torch.no_grad()
def test_spconv_approximates_the_convolution_on_images_that_it_did_not_see(stride, side, bias):
    conv = convolution(stride=stride, bias=bias)
    layer = started(SPConv_3x3(16, 24, stride), conv, pictures(8, side=side))
    x = pictures(8, side=side, seed=1)
    expected = conv(x)
    zeroed = even_halves(conv, x, torch.zeros_like(conv.weight))
    centre = torch.zeros_like(conv.weight)
    centre[:, :, 1, 1] = conv.weight[:, :, 1, 1]
    copied = even_halves(conv, x, centre)
    error = relative_error(layer(x), expected)
    assert error < 0.5 * relative_error(without_mean(copied, expected), expected)
    assert error < 0.5 * relative_error(without_mean(zeroed, expected), expected)


@pytest.mark.parametrize("ratio", [0.25, 0.75])
@torch.no_grad()
def test_spconv_takes_other_ratios(ratio):
    conv, x = convolution(stride=2), pictures(8, seed=1)
    layer = started(SPConv_3x3(16, 24, 2, ratio), conv, pictures(8))
    assert relative_error(layer(x), conv(x)) < 0.4


@torch.no_grad()
def test_spconvs_gates_start_near_even():
    conv, x = convolution(), pictures(8)
    layer = started(SPConv_3x3(16, 24), conv, x)
    first, second = layer._branches(x)
    gates = layer._gates(layer.bn1(first), layer.bn2(second))
    assert (gates - 0.5).abs().mean() < 0.05
    torch.testing.assert_close(gates.sum(1), torch.ones_like(gates[:, 0]))


@torch.no_grad()
def test_spconv_computes_the_same_on_that_batch_when_it_trains():
    conv, x = convolution(), pictures(8)
    layer = started(SPConv_3x3(16, 24), conv, x)
    expected = layer(x)
    torch.testing.assert_close(layer.train()(x), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("x", [pictures(1), pictures(2, side=12), torch.zeros(2, 16, 8, 8), torch.ones(1, 16, 1, 1)])
@torch.no_grad()
def test_spconv_stays_sane_on_little_or_empty_input(x):
    conv = convolution()
    layer = started(SPConv_3x3(16, 24), conv, x)
    assert all(torch.isfinite(value).all() for value in layer.state_dict().values())
    assert relative_error(layer(pictures(8, seed=1)), conv(pictures(8, seed=1))) < 1.2


# all of them

LAYERS = {
    "RefConv": lambda: PaperRefConv(16, 24, 3, 1),
    "RefConv-tutorial": lambda: TutorialRefConv(16, 24, 3, 1),
    "DynamicConv": lambda: PaperDynamicConv(16, 24, 3),
    "DynamicConv-tutorial": lambda: TutorialDynamicConv(16, 24, 3),
    "Dynamic_conv2d": lambda: PaperDynamic_conv2d(16, 24, 3, padding=1),
    "Dynamic_conv2d-tutorial": lambda: TutorialDynamic_conv2d(16, 24, 3, padding=1),
    "SPConv_3x3": lambda: SPConv_3x3(16, 24),
    "PConv": lambda: PConv(16, 24),
    "RFAConv": lambda: RFAConv(16, 24),
}
OTHERS = [
    (nn.Conv2d(8, 24, 3, 1, 1), r"expected in_channels=16, found 8"),
    (nn.Conv2d(16, 12, 3, 1, 1), r"expected out_channels=24, found 12"),
    (nn.Conv2d(16, 24, 5, 1, 1), r"expected kernel_size=\(3, 3\), found \(5, 5\)"),
    (nn.Conv2d(16, 24, 3, 2, 1), r"expected stride=\(1, 1\), found \(2, 2\)"),
    (nn.Conv2d(16, 24, 3, 1, 0), r"expected padding=\(1, 1\), found \(0, 0\)"),
    (nn.Conv2d(16, 24, 3, 1, 1, 2), r"expected dilation=\(1, 1\), found \(2, 2\)"),
    (nn.Conv2d(16, 24, 3, 1, 1, groups=4), r"expected groups=1, found 4"),
    (nn.Conv2d(16, 24, 3, 1, 1, padding_mode="reflect"), r"expected padding_mode='zeros', found 'reflect'"),
]


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize(("conv", "text"), OTHERS)
def test_says_which_geometry_does_not_fit_and_changes_nothing(make, conv, text):
    layer = make()
    before = copy.deepcopy(layer.state_dict())
    with pytest.raises(ValueError, match=f"init_from needs a convolution of the same geometry, {text}"):
        layer.init_from(conv, pictures(1))
    assert all(torch.equal(v, before[k]) or v.isnan().any() for k, v in layer.state_dict().items())


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_leaves_the_convolution_and_the_mode_alone_and_keeps_no_graph(make):
    layer, conv = make().train(), convolution()
    before = copy.deepcopy(conv.state_dict())
    trainable = [p.requires_grad for p in layer.parameters()]
    layer.init_from(conv, pictures(4))
    assert layer.training
    assert [p.requires_grad for p in layer.parameters()] == trainable
    assert all(value.grad_fn is None for value in layer.state_dict(keep_vars=True).values())
    assert all(torch.equal(value, before[name]) for name, value in conv.state_dict().items())


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (torch.zeros(2, 8, 5, 5), r"\[N, 16, H, W\], found \[2, 8, 5, 5\]"),
        (torch.zeros(16, 5, 5), r"found \[16, 5, 5\]"),
        (torch.zeros(0, 16, 5, 5), r"found \[0, 16, 5, 5\]"),
        (torch.full((1, 16, 5, 5), float("nan")), "finite x"),
    ],
)
def test_spconv_says_what_batch_it_needs(x, text):
    with pytest.raises(ValueError, match=f"SPConv_3x3: init_from needs.*{text}"):
        SPConv_3x3(16, 24).init_from(convolution(), x)
