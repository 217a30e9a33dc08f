"""DSConv: a plain convolution in the tutorial, a quantised one that learns in the paper."""

import copy
import pickle

import pytest
import torch
import torch.nn.functional as F

from yolopatch.modules.convolutions.dsconv import PaperDSConv, TutorialDSConv

FLAVORS = pytest.mark.parametrize("cls", [PaperDSConv, TutorialDSConv])

# (bits, block_size): relative L2 error of the paper's released quantizer on Gaussian kernels. Its integers
# overflow to +2^(bits-1), which at 2 bits is a fifth level.
RELEASED = {
    (2, 32): 0.315, (2, 64): 0.351, (2, 128): 0.376,
    (3, 32): 0.165, (3, 64): 0.184, (3, 128): 0.201,
    (4, 32): 0.0822, (4, 64): 0.0929, (4, 128): 0.1026,
    (8, 32): 0.0053, (8, 64): 0.0059, (8, 128): 0.0064,
}  # fmt: skip


def gaussian(bits=4, block_size=32, channels=512, **options):
    torch.manual_seed(0)
    layer = PaperDSConv(channels, 128, 3, block_size=block_size, bits=bits, **options)
    torch.nn.init.normal_(layer.weight)
    return layer


def relative_error(layer):
    return ((layer.kernel() - layer.weight).norm() / layer.weight.norm()).item()


def blocks_of(weight, block_size):
    """[in / groups, ...] kernel to its blocks, each [out, channels of the block, kh, kw]."""
    return weight.split(block_size, 1)


def best_real_scale_error(weight, block_size, bits):
    """The smallest error that any real scale reaches with integers of `bits` bits: every breakpoint is tried.

    As the scale falls, each value's integer climbs from 0 to the end of the range, one step at each
    breakpoint (k - 1/2) / |value|. Between breakpoints the integers are fixed and least squares gives the
    error.
    """
    rows = weight.unflatten(1, (-1, block_size)).transpose(1, 2).flatten(2).permute(0, 2, 1).flatten(0, 1)
    steps = torch.arange(1, 2 ** (bits - 1) + 1, dtype=rows.dtype)
    explained = torch.zeros(len(rows), dtype=rows.dtype)
    for values in (rows, -rows):
        magnitude = values.abs()[:, None].expand(-1, len(steps), -1)
        reachable = (values[:, None] < 0) | (steps[None, :, None] < steps[-1])
        breakpoints = torch.where(reachable, (steps[None, :, None] - 0.5) / magnitude, torch.inf).flatten(1)
        breakpoints, order = breakpoints.sort(1)
        reachable = breakpoints.isfinite()
        product = (magnitude.flatten(1).gather(1, order) * reachable).cumsum(1)
        growth = (2 * steps - 1)[None, :, None].expand_as(magnitude).flatten(1).gather(1, order)
        energy = (growth * reachable).cumsum(1)
        explained = torch.maximum(explained, (product**2 / energy).amax(1))
    total = rows.square().sum()
    return ((total - explained.sum()) / total).sqrt().item()


@pytest.mark.parametrize(("bits", "block_size"), RELEASED)
def test_error_is_at_most_the_released_quantizers(bits, block_size):
    figure = RELEASED[bits, block_size]
    if (bits, block_size) in {(2, 32), (2, 64)}:
        # Four levels cannot reach what five reach: there the bound is the best that any scale does.
        layer = gaussian(bits, block_size)
        floor = best_real_scale_error(layer.weight.detach().double(), block_size, bits)
        assert floor > figure - 0.001
        figure = 1.001 * floor
    assert relative_error(gaussian(bits, block_size)) <= figure


@pytest.mark.parametrize(("bits", "block_size"), RELEASED)
def test_a_kds_bias_takes_the_error_further_down(bits, block_size):
    biased = relative_error(gaussian(bits, block_size, KDSBias=True))
    assert biased < RELEASED[bits, block_size]
    assert biased < relative_error(gaussian(bits, block_size))


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("biased", [False, True])
def test_integers_are_twos_complement_and_use_their_range(bits, biased):
    integers, _, _ = gaussian(bits, channels=64, KDSBias=biased).quantize()
    assert integers.dtype == torch.int8
    assert (integers.min(), integers.max()) == (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def in_float16(values):
    """Whether float16, with all of its 11 bits, holds values times a power of two that is the same for all."""
    exponent = values.abs().max().log2().floor() - 13
    units = values / 2.0**exponent
    return torch.equal(units.half().to(values.dtype), units)


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(("groups", "block_size"), [(1, 4), (1, 3), (1, 100), (2, 4), (10, 4)])
def test_kernel_is_integers_times_scales_that_are_least_squares_in_float16(biased, groups, block_size):
    layer = PaperDSConv(10, 20, (3, 2), groups=groups, block_size=block_size, KDSBias=biased).double()
    integers, scale, bias = layer.quantize()
    per_group = 10 // groups
    assert integers.shape == layer.weight.shape == (20, per_group, 3, 2)
    assert scale.shape == (20, -(-per_group // block_size), 3, 2)
    assert in_float16(scale if bias is None else torch.cat([scale, bias]))
    assert (bias is None) != biased
    assert bias is None or bias.shape == scale.shape
    for b, (w, q) in enumerate(zip(blocks_of(layer.weight, block_size), blocks_of(integers.double(), block_size))):
        block = layer.kernel()[:, b * block_size : (b + 1) * block_size]
        s = scale[:, b : b + 1]
        expected = q * s + (bias[:, b : b + 1] if biased else 0)
        assert torch.equal(block, expected)
        if not biased:
            # The residual of least squares is orthogonal to the integers. float16 moves a scale by 2^-11 of itself;
            # rounding the integers last moves a few more.
            slack = 2.0**-11 * s.abs() * q.square().sum(1, keepdim=True) + 1e-12
            assert (((w - block) * q).sum(1, keepdim=True).abs() <= slack).double().mean() > 0.8


@pytest.mark.parametrize("biased", [False, True])
def test_all_zero_blocks_are_exact_and_constant_ones_as_near_as_float16(biased):
    layer = PaperDSConv(8, 4, 1, block_size=4, KDSBias=biased)
    with torch.no_grad():
        layer.weight[:, :4] = 0
        layer.weight[:, 4:] = torch.tensor([-3.0, 1e-30, 0.7, 1e-6]).view(4, 1, 1, 1)
    torch.testing.assert_close(layer.kernel(), layer.weight, rtol=2.0**-11, atol=1e-9)
    assert torch.equal(layer.kernel()[:, :4], torch.zeros(4, 4, 1, 1))
    assert not layer.quantize()[0][:, :4].any()


def test_a_kernel_of_zeros_is_one():
    layer = PaperDSConv(8, 4, 3)
    torch.nn.init.zeros_(layer.weight)
    assert torch.equal(layer.kernel(), layer.weight)


def test_quantisation_does_not_depend_on_the_scale_of_the_weights():
    layer = gaussian(channels=64)
    integers, scale, _ = layer.quantize()
    with torch.no_grad():
        layer.weight.mul_(2.0**-60)
    tiny_integers, tiny_scale, _ = layer.quantize()
    assert torch.equal(tiny_integers, integers)
    assert torch.equal(tiny_scale, scale * 2.0**-60)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_a_quantised_kernel_is_a_fixed_point_but_for_a_few_blocks(bits):
    # a block whose largest integer is not at the range's end may find another scale; packing never quantises twice
    layer = gaussian(bits, channels=64)
    kernel = layer.kernel().detach()
    with torch.no_grad():
        layer.weight.copy_(kernel)
    same = (layer.kernel() == kernel).unflatten(1, (-1, 32)).all(2)
    assert same.float().mean() > 0.99
    assert relative_error(layer) < 0.001


@pytest.mark.parametrize("groups", [1, 2])
def test_forward_uses_the_quantised_kernel_and_the_gradient_goes_straight_through(groups):
    layer = PaperDSConv(8, 6, 3, 2, groups=groups, bias=True, block_size=3).double()
    x = torch.randn(2, 8, 9, 9, dtype=torch.float64)
    integers, scale, _ = layer.quantize()
    scales = scale.repeat_interleave(3, 1)[:, : 8 // groups]
    kernel = (integers * scales).requires_grad_()
    expected = F.conv2d(x, kernel, layer.bias, 2, 1, 1, groups)
    out = layer(x)
    torch.testing.assert_close(out, expected)
    assert not torch.allclose(kernel, layer.weight)
    target = torch.randn_like(out)
    (gradient,) = torch.autograd.grad((expected * target).sum(), kernel)
    (out * target).sum().backward()
    torch.testing.assert_close(layer.weight.grad, gradient)


def test_channel_shift_is_an_affine_map_of_each_kernel_that_learns():
    plain = PaperDSConv(8, 6, 3)
    layer = PaperDSConv(8, 6, 3, CDS=True)
    layer.load_state_dict({**plain.state_dict(), "CDSw": torch.ones(6), "CDSb": torch.zeros(6)})
    x = torch.randn(2, 8, 5, 5)
    torch.testing.assert_close(layer(x), plain(x))
    with torch.no_grad():
        layer.CDSw.copy_(torch.arange(6.0))
        layer.CDSb.copy_(torch.arange(6.0) / 7)
    w, b = layer.CDSw.view(-1, 1, 1, 1), layer.CDSb.view(-1, 1, 1, 1)
    torch.testing.assert_close(layer(x), F.conv2d(x, plain.kernel() * w + b, padding=1))
    layer(x).square().sum().backward()
    assert layer.CDSw.grad.any()
    assert layer.CDSb.grad.any()


def test_quantises_anew_when_an_average_replaces_the_shadow_kernel():
    layer, other = PaperDSConv(8, 6, 3), PaperDSConv(8, 6, 3)
    x = torch.randn(1, 8, 5, 5)
    layer(x)
    with torch.no_grad():
        for name, value in layer.state_dict().items():
            value.copy_(other.state_dict()[name])
    assert torch.equal(layer(x), other(x))


def test_trains_at_two_bits():
    torch.manual_seed(0)
    layer = PaperDSConv(8, 8, 3, bits=2)
    x = torch.randn(16, 8, 8, 8)
    target = F.conv2d(x, torch.randn(8, 8, 3, 3) / 8, padding=1)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        loss = F.mse_loss(layer(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_half_weights_are_quantised_in_float32():
    layer = gaussian(channels=64).half()
    integers, scale, _ = layer.quantize()
    assert scale.dtype == torch.float32
    assert layer.kernel().dtype == torch.float16
    expected = layer.float().quantize()
    assert torch.equal(integers, expected[0])
    assert torch.equal(scale, expected[1])


@pytest.mark.parametrize(
    ("options", "geometry"),
    [
        ({}, {"padding": 1}),
        ({"stride": 2, "padding": 0}, {"stride": 2}),
        ({"dilation": 2}, {"padding": 2, "dilation": 2}),
        ({"groups": 2, "bias": True}, {"padding": 1, "groups": 2}),
    ],
)
def test_the_tutorials_layer_is_a_plain_convolution(options, geometry):
    layer = TutorialDSConv(8, 6, 3, KDSBias=True, CDS=True, **options)
    x = torch.randn(2, 8, 9, 9)
    assert torch.equal(layer(x), F.conv2d(x, layer.weight, layer.bias, **geometry))


def test_the_tutorials_integer_kernel_is_memory_outside_of_the_state():
    layer = TutorialDSConv(70, 6, (3, 1), groups=2, block_size=16, KDSBias=True, CDS=True)
    assert list(layer.state_dict()) == ["weight"]
    shapes = {name: tuple(getattr(layer, name).shape) for name in ("intweight", "alpha", "KDSb", "CDSw", "CDSb")}
    assert shapes == {
        "intweight": (6, 70, 3, 1),
        "alpha": (6, 3, 3, 1),
        "KDSb": (6, 3, 3, 1),
        "CDSw": (6,),
        "CDSb": (6,),
    }
    assert not hasattr(TutorialDSConv(8, 6, 3), "KDSb")
    assert not hasattr(TutorialDSConv(8, 6, 3), "CDSw")


OPTIONS = {"groups": 2, "bias": True, "block_size": 3, "KDSBias": True, "CDS": True}


@pytest.mark.parametrize("bias", [False, True])
def test_starts_from_the_convolution_that_it_stands_for(bias):
    conv = torch.nn.Conv2d(8, 6, 3, 2, 1, groups=2, bias=bias)
    layer = PaperDSConv(8, 6, 3, 2, bits=8, **OPTIONS)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(7)
    x = torch.randn(2, 8, 9, 9)
    assert layer.init_from(conv, x) is None
    assert torch.equal(layer.weight, conv.weight)
    assert all(parameter.requires_grad for parameter in layer.parameters())
    expected = conv(x)
    assert (layer(x) - expected).norm() < 0.01 * expected.norm()


def test_the_tutorials_layer_starts_as_the_convolution_that_it_stands_for():
    conv, layer = torch.nn.Conv2d(8, 6, 3, 2, 1), TutorialDSConv(8, 6, 3, 2, bias=True)
    x = torch.randn(2, 8, 9, 9)
    layer.init_from(conv, x)
    assert torch.equal(layer(x), conv(x))


@FLAVORS
def test_a_bias_is_left_out_where_the_layer_has_none(cls):
    conv, layer = torch.nn.Conv2d(8, 6, 3, padding=1), cls(8, 6, 3)
    layer.init_from(conv, torch.randn(1, 8, 5, 5))
    assert layer.bias is None
    assert torch.equal(layer.weight, conv.weight)


@FLAVORS
@pytest.mark.parametrize(
    ("geometry", "text"),
    [
        ({"in_channels": 4}, "in_channels=4, expected 8"),
        ({"kernel_size": 5}, r"kernel_size=\(5, 5\), expected \(3, 3\)"),
        ({"stride": 2}, r"stride=\(2, 2\), expected \(1, 1\)"),
        ({"padding": 0}, r"padding=\(0, 0\), expected \(1, 1\)"),
        ({"groups": 2}, "groups=2, expected 1"),
    ],
)
def test_refuses_to_start_from_a_convolution_of_another_geometry(cls, geometry, text):
    layer = cls(8, 6, 3)
    before = layer.weight.clone()
    conv = torch.nn.Conv2d(**{"in_channels": 8, "out_channels": 6, "kernel_size": 3, "padding": 1, **geometry})
    with pytest.raises(ValueError, match=f"DSConv: .*{text}"):
        layer.init_from(conv, torch.randn(1, 8, 5, 5))
    assert torch.equal(layer.weight, before)


@FLAVORS
def test_folds_in_place_to_a_plain_convolution(cls, randomise):
    layer = randomise(cls(8, 6, 3, 2, **OPTIONS))
    x = torch.randn(2, 8, 9, 9)
    expected = layer(x)
    assert layer.fold() is None
    once = layer.weight.clone()
    assert torch.equal(layer(x), expected)
    layer.fold()
    assert torch.equal(layer.weight, once)
    assert torch.equal(layer.kernel(), layer.weight)
    assert not layer.weight.requires_grad
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert not [name for name, value in vars(layer).items() if isinstance(value, torch.Tensor)]


def test_a_folded_layer_quantises_no_more(randomise):
    layer = randomise(PaperDSConv(8, 6, 3, bits=2))
    layer.fold()
    twin = pickle.loads(pickle.dumps(layer))
    with torch.no_grad():
        twin.weight.normal_()
    x = torch.randn(1, 8, 5, 5)
    assert torch.equal(twin(x), F.conv2d(x, twin.weight, padding=1))


FROZEN = {
    "plain": {"bits": 2, "block_size": 4},
    "all-options": {"bits": 3, **OPTIONS},
    "one-block": {"bits": 8, "block_size": 100},
    "block-of-one": {"bits": 5, "block_size": 1},
}


@pytest.fixture(params=FROZEN)
def options(request):
    return FROZEN[request.param]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64])
def test_a_frozen_layer_computes_the_same_kernel_bit_for_bit(options, dtype, randomise):
    layer = randomise(PaperDSConv(8, 6, 3, 2, **options)).to(dtype)
    kernel, quantized = layer.kernel().detach(), layer.quantize()
    assert layer.freeze() is None
    layer.freeze()
    assert layer.is_frozen
    assert layer.VQK.dtype == torch.int8
    assert "weight" not in dict(layer.named_parameters())
    assert same_bits(layer.kernel(), kernel)
    for found, expected in zip(layer.quantize(), quantized):
        assert found is expected is None or torch.equal(found, expected)


def same_bits(one, other):
    integers = {2: torch.int16, 4: torch.int32, 8: torch.int64}[one.element_size()]
    return one.dtype == other.dtype and torch.equal(one.view(integers), other.view(integers))


def frozen(options, randomise):
    layer = randomise(PaperDSConv(8, 6, 3, 2, **options)).eval()
    layer.freeze()
    return layer


def test_a_frozen_layer_survives_what_upstream_does_to_checkpoints(options, randomise):
    layer = frozen(options, randomise)
    kernel = layer.weight
    saved = pickle.loads(pickle.dumps(copy.deepcopy(layer).half()))
    assert saved.KDS.dtype == torch.float16
    assert same_bits(saved.float().weight, kernel)


def test_a_frozen_layer_folds_traces_and_shows_its_weight(options, randomise):
    layer, x = frozen(options, randomise), torch.randn(2, 8, 9, 9)
    expected = layer(x).detach()
    assert layer.weight.shape == layer.VQK.shape
    assert torch.equal(torch.jit.trace(layer, x)(x), expected)
    folded = layer.folded(torch.ones(6), torch.zeros(6))
    torch.testing.assert_close(folded(x), expected)
    layer.fold()
    assert torch.equal(layer(x), expected)
    assert not list(layer.buffers())


def test_a_frozen_state_freezes_the_layer_that_it_is_loaded_into(randomise):
    layer = frozen({"bits": 3, "block_size": 2, "KDSBias": True}, randomise)
    twin = PaperDSConv(8, 6, 3, 2, KDSBias=True)
    twin.load_state_dict(layer.state_dict(), strict=True)
    assert (twin.bits, twin.block_size) == (3, 2)
    assert same_bits(twin.weight, layer.weight)


def test_training_goes_on_from_a_frozen_kernel(randomise):
    # upstream's trainer builds the model anew and loads the tensors that both have
    layer, twin = frozen({"bits": 4}, randomise), PaperDSConv(8, 6, 3, 2)
    shared = {name: value for name, value in layer.state_dict().items() if name in twin.state_dict()}
    twin.load_state_dict(shared, strict=True)
    assert torch.equal(twin.weight, layer.weight)
    layer.load_state_dict(randomise(twin, 1).state_dict(), strict=True)
    assert not layer.is_frozen
    layer(torch.randn(1, 8, 5, 5)).sum().backward()
    assert layer.weight.grad is not None


def test_a_frozen_layer_may_start_from_a_convolution(randomise):
    layer, conv = frozen({"bits": 4}, randomise), torch.nn.Conv2d(8, 6, 3, 2, 1)
    layer.init_from(conv, torch.randn(1, 8, 5, 5))
    assert torch.equal(layer.weight, conv.weight)


def test_a_folded_layer_cannot_be_frozen():
    layer = PaperDSConv(8, 6, 3)
    layer.fold()
    with pytest.raises(ValueError, match="DSConv: a folded layer cannot be frozen"):
        layer.freeze()


def test_powers_of_two_are_exact_in_every_form_that_the_layer_has_them():
    exponents = torch.arange(-113, 116)
    expected = torch.tensor([2.0**e for e in exponents.tolist()], dtype=torch.float64)
    for dtype in (torch.int32, torch.float32, torch.float64):
        assert torch.equal((2.0 ** exponents.to(dtype)).double(), expected)
        each = torch.stack([2.0**e for e in exponents.to(dtype)])
        assert torch.equal(each.double(), expected)


@FLAVORS
@pytest.mark.parametrize(
    ("k", "dilation", "padding"),
    [
        (3, 1, (1, 1)),
        (1, 1, (0, 0)),
        (5, 2, (4, 4)),
        ((3, 1), 1, (1, 0)),
        (3, (1, 2), (1, 2)),
        (4, 1, (2, 2)),
    ],
)
def test_padding_none_is_half_the_extent(cls, k, dilation, padding):
    assert cls(8, 6, k, dilation=dilation).padding == padding


@pytest.mark.parametrize(("source", "target"), [(PaperDSConv, TutorialDSConv), (TutorialDSConv, PaperDSConv)])
def test_flavors_exchange_state_dicts(source, target):
    layer, twin = (cls(8, 6, 3, groups=2, bias=True, KDSBias=True) for cls in (source, target))
    twin.load_state_dict(layer.state_dict(), strict=True)
    assert torch.equal(twin.weight, layer.weight)
    assert torch.equal(twin.bias, layer.bias)


def test_only_the_papers_channel_shift_adds_state():
    paper, tutorial = (set(cls(8, 6, 3, CDS=True).state_dict()) for cls in (PaperDSConv, TutorialDSConv))
    assert paper - tutorial == {"CDSw", "CDSb"}
    assert tutorial <= paper


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"bits": 1}, "bits must be an integer from 2 to 8, found 1"),
        ({"bits": 9}, "found 9"),
        ({"bits": 3.5}, "found 3.5"),
        ({"block_size": 0}, "block_size must be at least 1 input channel, found 0"),
    ],
)
def test_says_what_it_cannot_take(options, text):
    with pytest.raises(ValueError, match=f"DSConv: .*{text}"):
        PaperDSConv(8, 6, 3, **options)


@FLAVORS
def test_groups_that_do_not_divide_the_channels_are_a_value_error(cls):
    with pytest.raises(ValueError, match="divisible by groups"):
        cls(8, 6, 3, groups=4)
