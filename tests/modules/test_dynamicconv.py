"""DynamicConv: experts mixed by sigmoid weights in the tutorial, by the softmax of an MLP in the paper."""

import pytest
import torch
import torch.nn.functional as F

from yolopatch.modules.convolutions.dynamicconv import CondConv2d, PaperDynamicConv, TutorialDynamicConv

FLAVORS = pytest.mark.parametrize("cls", [PaperDynamicConv, TutorialDynamicConv])


def paper_weights(layer, x):
    first, second = layer.routing[0], layer.routing[2]
    hidden = torch.relu(x.mean((2, 3)) @ first.weight.T + first.bias)
    logits = hidden @ second.weight.T + second.bias
    return logits.exp() / logits.exp().sum(1, keepdim=True)


def tutorial_weights(layer, x):
    logits = x.mean((2, 3)) @ layer.routing.weight.T + layer.routing.bias
    return 1 / (1 + (-logits).exp())


def mixture(layer, x, weights, **geometry):
    """Every image through every expert's convolution, then the weighted sum."""
    conv = layer.cond_conv
    shape = (conv.out_channels, conv.in_channels // conv.groups, *conv.kernel_size)
    images = []
    for image, mixing in zip(x, weights):
        experts = [
            F.conv2d(image[None], conv.weight[e].view(shape), conv.bias[e], groups=conv.groups, **geometry)
            for e in range(conv.num_experts)
        ]
        images.append(sum(w * out for w, out in zip(mixing, experts)))
    return torch.cat(images)


@pytest.mark.parametrize(
    ("cls", "weights"), [(PaperDynamicConv, paper_weights), (TutorialDynamicConv, tutorial_weights)]
)
@pytest.mark.parametrize("groups", [1, 2])
def test_output_is_the_weighted_sum_of_the_experts(cls, weights, groups, randomise):
    layer = randomise(cls(4, 6, 3, 2, dilation=2, groups=groups, bias=True, num_experts=3)).double()
    x = torch.randn(5, 4, 12, 9, dtype=torch.float64)
    # timm's symmetric padding: ((stride - 1) + dilation * (k - 1)) // 2
    expected = mixture(layer, x, weights(layer, x), stride=2, dilation=2, padding=2)
    torch.testing.assert_close(layer(x), expected)


def test_the_papers_weights_sum_to_one_and_the_tutorials_need_not(randomise):
    x = torch.randn(5, 4, 6, 6)
    for cls, sums_to_one in ((PaperDynamicConv, True), (TutorialDynamicConv, False)):
        layer = randomise(cls(4, 6, 3))
        total = layer.gate(layer.routing(x.mean((2, 3)))).sum(1)
        assert torch.allclose(total, torch.ones(5)) == sums_to_one


@pytest.mark.parametrize(("channels_in", "channels_out", "k", "experts"), [(64, 64, 3, 4), (32, 96, 1, 8)])
def test_parameter_ratio_is_the_papers(channels_in, channels_out, k, experts):
    layer = PaperDynamicConv(channels_in, channels_out, k, num_experts=experts)
    # The paper counts no biases.
    count = sum(p.numel() for name, p in layer.named_parameters() if not name.endswith("bias"))
    ratio = channels_in / (channels_out * k * k) + experts / (channels_out * k * k) + experts
    assert count / (channels_in * channels_out * k * k) == pytest.approx(ratio, rel=1e-12)


def test_flavors_differ_in_the_routing_alone():
    paper, tutorial = (
        {name: tuple(value.shape) for name, value in cls(4, 6, 3, bias=True).state_dict().items()}
        for cls in (PaperDynamicConv, TutorialDynamicConv)
    )
    shared = {"cond_conv.weight": (4, 6 * 4 * 9), "cond_conv.bias": (4, 6)}
    assert tutorial == {**shared, "routing.weight": (4, 4), "routing.bias": (4,)}
    assert paper == {
        **shared,
        "routing.0.weight": (4, 4),
        "routing.0.bias": (4,),
        "routing.2.weight": (4, 4),
        "routing.2.bias": (4,),
    }


def test_flavors_exchange_their_experts():
    layer, twin = TutorialDynamicConv(4, 6, 3), PaperDynamicConv(4, 6, 3)
    report = twin.load_state_dict(layer.state_dict(), strict=False)
    assert torch.equal(twin.cond_conv.weight, layer.cond_conv.weight)
    assert set(report.unexpected_keys) == {"routing.weight", "routing.bias"}
    assert all(name.startswith("routing.") for name in report.missing_keys)


def test_experts_start_like_convolutions():
    conv = CondConv2d(16, 32, 3, groups=2, bias=True, num_experts=4)
    bound = 1 / (16 / 2 * 9) ** 0.5
    for tensor in (conv.weight, conv.bias):
        for expert in tensor:
            assert 0.8 * bound < expert.abs().max() <= bound


@pytest.mark.parametrize(
    ("padding", "k", "stride", "expected"),
    [
        ("", 3, 1, (1, 1)),
        ("", 3, 2, (1, 1)),
        ("", 4, 2, (2, 2)),
        ("", (3, 1), 1, (1, 0)),
        ("same", 5, 1, (2, 2)),
        ("SAME", (1, 3), 1, (0, 1)),
        ("valid", 3, 2, (0, 0)),
        (2, 3, 1, (2, 2)),
        ((1, 0), 3, 1, (1, 0)),
    ],
)
def test_padding_is_understood_as_by_timm(padding, k, stride, expected):
    assert CondConv2d(4, 4, k, stride, padding).padding == expected


@FLAVORS
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"padding": "same", "stride": 2}, "padding 'same' needs stride 1"),
        ({"padding": "same", "kernel_size": 2}, "padding 'same' needs"),
        ({"padding": "full"}, "padding must be .*found 'full'"),
        ({"groups": 3}, "groups must divide .*found groups=3"),
        ({"num_experts": 0}, "num_experts must be at least 1, found 0"),
    ],
)
def test_says_what_it_cannot_take(cls, arguments, text):
    with pytest.raises(ValueError, match=f"CondConv2d: {text}"):
        cls(4, 4, **{"kernel_size": 3, **arguments})
