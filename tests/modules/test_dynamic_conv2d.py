"""Dynamic_conv2d: attention over kernels, with a temperature that the paper's flavor anneals by itself."""

import copy

import pytest
import torch
import torch.nn.functional as F

from yolopatch.modules.convolutions.dynamic_conv2d import (
    Paperattention2d,
    PaperDynamic_conv2d,
    Tutorialattention2d,
    TutorialDynamic_conv2d,
)

FLAVORS = pytest.mark.parametrize("cls", [PaperDynamic_conv2d, TutorialDynamic_conv2d])
ATTENTIONS = pytest.mark.parametrize("cls", [Paperattention2d, Tutorialattention2d])


@pytest.fixture
def image():
    return torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))


def attention_over_kernels(layer, x, temperature, **geometry):
    """Every image through every expert's convolution, then the weighted sum."""
    squeezed = x.mean((2, 3))
    hidden = (squeezed @ layer.attention.fc1.weight[..., 0, 0].T).clamp(min=0)
    energy = (hidden @ layer.attention.fc2.weight[..., 0, 0].T / temperature).exp()
    weights = energy / energy.sum(1, keepdim=True)
    images = []
    for image, mixing in zip(x, weights):
        experts = [F.conv2d(image[None], w, b, **geometry) for w, b in zip(layer.weight, layer.bias)]
        images.append(sum(w * out for w, out in zip(mixing, experts)))
    return torch.cat(images)


@pytest.mark.parametrize(
    ("cls", "groups", "temperature"),
    [(PaperDynamic_conv2d, 1, 34), (PaperDynamic_conv2d, 2, 2.5), (TutorialDynamic_conv2d, 1, 34)],
)
def test_output_is_the_weighted_sum_of_the_experts(cls, groups, temperature, randomise, image):
    layer = cls(4, 6, 3, 0.5, stride=2, padding=2, dilation=2, groups=groups, K=3, temperature=temperature)
    layer = randomise(layer).double().eval()
    if cls is PaperDynamic_conv2d:
        layer.attention.trained_batches.zero_()
    x = image.double()
    expected = attention_over_kernels(layer, x, temperature, stride=2, padding=2, dilation=2, groups=groups)
    torch.testing.assert_close(layer(x), expected)


def test_the_tutorials_layer_fails_with_groups(image):
    layer = TutorialDynamic_conv2d(4, 6, 3, groups=2)
    with pytest.raises(RuntimeError):
        layer(image)


def test_the_paper_flavors_attention_starts_alive_whatever_the_image_and_the_seed():
    for seed in range(50):
        torch.manual_seed(seed)
        attention = Paperattention2d(16, 0.25, 4, 34)
        attention(torch.randn(1, 16, 2, 2))[0, 0].backward()
        assert attention.fc1.weight.grad.any(), f"seed {seed}"
        assert attention.fc2.weight.grad.any(), f"seed {seed}"


def test_temperature_falls_linearly_to_one_while_training(image):
    attention = Paperattention2d(4, 1, 4, 34)
    attention.anneal_steps = 10
    seen = []
    for _ in range(12):
        seen.append(attention.current_temperature().item())
        attention(image)
    assert seen == pytest.approx([34 - 3.3 * n for n in range(10)] + [1, 1])
    assert attention.current_temperature() == 1
    assert attention.trained_batches == 10


def test_temperature_anneals_over_a_thousand_batches():
    assert Paperattention2d.anneal_steps == 1000
    attention = Paperattention2d(4, 1, 4, 31)
    attention.trained_batches.fill_(500)
    assert attention.current_temperature() == 16


def test_the_annealed_attention_is_the_softmax_at_that_temperature(randomise, image):
    attention = randomise(Paperattention2d(4, 1, 4, 34)).eval()
    logits = attention.logits(image)
    for batches, temperature in ((0, 34), (500, 17.5), (1000, 1)):
        attention.trained_batches.fill_(batches)
        torch.testing.assert_close(attention(image), (logits / temperature).softmax(1))


def test_eval_and_no_grad_never_change_the_temperature(image):
    layer = PaperDynamic_conv2d(4, 6, 1)
    layer(image)
    before = layer.attention.trained_batches.clone()
    layer.eval()(image)
    layer.train()
    with torch.no_grad():
        layer(image)
    assert before == 1
    assert layer.attention.trained_batches == before


def test_a_checkpoint_keeps_the_temperature(image):
    layer = PaperDynamic_conv2d(4, 6, 1)
    for _ in range(3):
        layer(image)
    resumed = PaperDynamic_conv2d(4, 6, 1)
    resumed.load_state_dict(layer.state_dict())
    assert resumed.attention.current_temperature() == layer.attention.current_temperature() < 34
    assert copy.deepcopy(layer).attention.trained_batches == 3


def test_an_average_of_float_state_follows_the_temperature(image):
    """The upstreams' EMA: float state is averaged, other state is left alone."""
    layer = PaperDynamic_conv2d(4, 6, 1)
    layer.attention.anneal_steps = 20
    ema = copy.deepcopy(layer).eval()
    for _ in range(100):
        layer(image)
        for name, value in ema.state_dict().items():
            if value.dtype.is_floating_point:
                value.mul_(0.9).add_(layer.state_dict()[name].detach(), alpha=0.1)
    assert layer.attention.current_temperature() == 1
    assert 1 <= ema.attention.current_temperature() < 1.05


def test_the_count_is_exact_in_float16():
    attention = Paperattention2d(4, 1, 4, 34).half()
    for _ in range(attention.anneal_steps):
        attention.trained_batches.add_(1)
    assert attention.trained_batches == 1000
    assert attention.current_temperature() == 1


def test_training_step_by_step_changes_every_parameter(image):
    torch.manual_seed(0)
    layer = PaperDynamic_conv2d(4, 6, 3, 1)
    before = copy.deepcopy(dict(layer.named_parameters()))
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        layer(image).square().mean().backward()
        optimizer.step()
    assert not [name for name, value in layer.named_parameters() if torch.equal(value, before[name])]


def test_the_tutorials_temperature_falls_by_three_on_request_and_says_so(capsys):
    layer = TutorialDynamic_conv2d(4, 6, 1, temperature=4)
    layer(torch.randn(1, 4, 2, 2))
    assert layer.attention.temperature == 4
    layer.update_temperature()
    layer.update_temperature()
    assert layer.attention.temperature == 1
    assert capsys.readouterr().out == "Change temperature to: 1\n"


def test_the_papers_layer_has_nothing_to_call():
    layer = PaperDynamic_conv2d(4, 6, 1)
    assert not hasattr(layer, "update_temperature")
    assert not hasattr(layer.attention, "updata_temperature")


def test_the_papers_biases_start_at_zero():
    assert not PaperDynamic_conv2d(4, 6, 1).bias.any()


@FLAVORS
def test_experts_start_with_kaiming_bounds(cls):
    for expert in cls(16, 32, 3).weight:
        bound = (6 / (16 * 9)) ** 0.5
        assert 0.9 * bound < expert.abs().max() <= bound


def test_without_init_weight_the_papers_experts_start_like_convolutions():
    for expert in PaperDynamic_conv2d(16, 32, 3, init_weight=False).weight:
        bound = 1 / (16 * 9) ** 0.5
        assert 0.9 * bound < expert.abs().max() <= bound


@FLAVORS
def test_flavors_differ_in_the_count_of_batches_alone(cls):
    shapes = {name: tuple(value.shape) for name, value in cls(8, 6, 3, groups=2).state_dict().items()}
    printed = {
        "weight": (4, 6, 4, 3, 3),
        "bias": (4, 6),
        "attention.fc1.weight": (2, 8, 1, 1),
        "attention.fc2.weight": (4, 2, 1, 1),
    }
    extra = {"attention.trained_batches": ()} if cls is PaperDynamic_conv2d else {}
    assert shapes == {**printed, **extra}


def test_the_paper_flavor_takes_the_tutorials_state(randomise, image):
    source, target = randomise(TutorialDynamic_conv2d(4, 6, 3)), PaperDynamic_conv2d(4, 6, 3)
    report = target.load_state_dict(source.state_dict(), strict=False)
    assert (report.missing_keys, report.unexpected_keys) == (["attention.trained_batches"], [])
    torch.testing.assert_close(target.eval()(image), source.eval()(image))


@ATTENTIONS
@pytest.mark.parametrize(("planes", "ratio", "hidden"), [(8, 0.25, 2), (8, 1, 8), (3, 0.25, 5)])
def test_hidden_planes_follow_the_ratio(cls, planes, ratio, hidden):
    assert cls(planes, ratio, 5, 34).fc1.weight.shape == (hidden, planes, 1, 1)


def test_the_papers_attention_keeps_one_hidden_plane():
    assert Paperattention2d(2, 0.25, 4, 34).fc1.out_channels == 1


def test_k_experts_have_about_k_times_the_parameters():
    layer = PaperDynamic_conv2d(64, 64, 3)
    ratio = sum(p.numel() for p in layer.parameters()) / (64 * 64 * 9)
    assert ratio == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"groups": 3}, "Dynamic_conv2d: groups must divide.*found groups=3"),
        ({"temperature": 0.5}, "attention2d: temperature must be at least 1, found 0.5"),
        ({"temperature": float("nan")}, "temperature must be at least 1, found nan"),
        ({"K": 0}, "attention2d: K must be at least 1 expert, found 0"),
    ],
)
def test_the_paper_flavor_says_what_it_cannot_take(options, text):
    with pytest.raises(ValueError, match=text):
        PaperDynamic_conv2d(8, 8, 1, **options)


@pytest.mark.parametrize("options", [{"groups": 3}, {"temperature": 33}])
def test_the_tutorial_flavor_asserts(options):
    with pytest.raises(AssertionError):
        TutorialDynamic_conv2d(8, 8, 1, **options)
