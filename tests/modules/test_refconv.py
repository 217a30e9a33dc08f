"""RefConv: dead as the tutorial prints it, live as the paper means it."""

import pytest
import torch
import torch.nn.functional as F

from yolopatch.modules.convolutions.refconv import PaperRefConv, TutorialRefConv

FLAVORS = pytest.mark.parametrize("cls", [PaperRefConv, TutorialRefConv])


def refocused_kernel(base, weights, groups):
    """W_b + map(W_b), slice by slice: slice s of the flattened kernel sees the slices of its own map group."""
    slices = base.flatten(0, 1)
    out = slices.clone()
    pad = weights.shape[-1] // 2
    for s in range(len(slices)):
        first = s // groups * groups
        for j in range(groups):
            out[s] += F.conv2d(slices[None, None, first + j], weights[None, None, s, j], padding=pad)[0, 0]
    return out.view_as(base)


@FLAVORS
@pytest.mark.parametrize("groups", [1, 2])
def test_convolves_with_the_refocused_kernel(cls, groups, randomise):
    layer = randomise(cls(4, 6, 5, 2, groups=groups)).double()
    x = torch.randn(2, 4, 11, 8, dtype=torch.float64)
    kernel = refocused_kernel(layer.weight, layer.convmap.weight, groups)
    torch.testing.assert_close(layer(x), F.conv2d(x, kernel, stride=2, padding=2, groups=groups))


def test_the_tutorials_layer_is_dead():
    layer = TutorialRefConv(4, 6, 3, 1)
    x = torch.randn(2, 4, 8, 8, requires_grad=True)
    out = layer(x)
    out.sum().backward()
    assert not out.any()
    assert not x.grad.any()
    assert not layer.convmap.weight.grad.any()
    assert layer.convmap.weight.any()


def test_the_papers_layer_starts_as_its_base_convolution():
    layer = PaperRefConv(4, 6, 3, 2)
    x = torch.randn(2, 4, 8, 8)
    assert torch.equal(layer(x), F.conv2d(x, layer.weight, stride=2, padding=1))
    bound = 1 / (4 * 3 * 3) ** 0.5
    assert 0.9 * bound < layer.weight.abs().max() <= bound


def test_the_papers_map_learns_and_its_base_kernel_stays():
    torch.manual_seed(0)
    layer = PaperRefConv(4, 6, 3, 1)
    x, target = torch.randn(4, 4, 8, 8), torch.randn(4, 6, 8, 8)
    base = layer.weight.clone()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
    losses = []
    for _ in range(5):
        loss = F.mse_loss(layer(x), target)
        optimizer.zero_grad()
        loss.backward()
        assert layer.convmap.weight.grad.any()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
    assert torch.equal(layer.weight, base)


@pytest.mark.parametrize(("source", "target"), [(PaperRefConv, TutorialRefConv), (TutorialRefConv, PaperRefConv)])
def test_flavors_exchange_state_dicts(source, target, randomise):
    layer, twin = randomise(source(4, 6, 3, 1, groups=2)), target(4, 6, 3, 1, groups=2)
    twin.load_state_dict(layer.state_dict(), strict=True)
    x = torch.randn(1, 4, 5, 5)
    assert torch.equal(layer(x), twin(x))


@FLAVORS
def test_state_has_the_tutorials_names_and_shapes(cls):
    shapes = {name: tuple(value.shape) for name, value in cls(4, 6, 3, 1, groups=2).state_dict().items()}
    assert shapes == {"weight": (6, 2, 3, 3), "convmap.weight": (12, 2, 3, 3)}
    assert cls(4, 6, 3, 1).bias is None


@FLAVORS
def test_works_as_a_channels_last_module(cls, randomise):
    layer = randomise(cls(4, 6, 3, 1))
    x = torch.randn(2, 4, 5, 5)
    expected = layer(x)
    torch.testing.assert_close(layer.to(memory_format=torch.channels_last)(x), expected)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [((4, 6, 1, 1), "map_k=3"), ((4, 6, 3, 1, None, 1, 2), "map_k=2"), ((4, 6, 3, 1, None, 4), "groups=4")],
)
def test_the_paper_flavor_says_what_it_cannot_take(arguments, found):
    with pytest.raises(ValueError, match=f"RefConv: .*found.*{found}"):
        PaperRefConv(*arguments)


def test_the_tutorial_flavor_asserts_the_map_size():
    with pytest.raises(AssertionError):
        TutorialRefConv(4, 6, 1, 1)


@FLAVORS
def test_folding_in_place_leaves_what_a_plain_convolution_has(cls, randomise):
    layer = randomise(cls(4, 6, 3, 1))
    kernel = layer.kernel().detach().clone()
    layer.fold()
    assert [name for name, _ in layer.named_parameters()] == list(layer.state_dict()) == ["weight"]
    assert list(layer.modules()) == [layer]
    assert torch.equal(layer.weight, kernel)
