"""Ways of computing that were chosen for speed give what the written-out operator gives, in float64 and traced."""

import copy
import warnings

import pytest
import torch

from yolopatch.modules.convolutions import dynamic_conv2d, dynamicconv
from yolopatch.modules.convolutions.spconv import SPConv_3x3


def traced(module, image):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(module, image)


@pytest.fixture
def dynamic(bare_layer):
    if "Dynamic" not in type(bare_layer).__name__:
        pytest.skip("one kernel for all images")
    return bare_layer


def test_image_by_image_is_the_grouped_convolution(dynamic, image):
    """A trace has one grouped convolution for the batch, a CPU in eager mode one for each image."""
    graph = traced(dynamic, image)
    kinds = [node.kind() for node in graph.inlined_graph.nodes()]
    assert not {"aten::split", "aten::chunk", "aten::unbind"} & set(kinds)
    torch.testing.assert_close(graph(image), dynamic(image), rtol=1e-5, atol=1e-5)


def test_image_by_image_has_the_grouped_convolutions_gradients(dynamic, image):
    twin = copy.deepcopy(dynamic)
    graph = traced(twin, image)
    dynamic(image).square().sum().backward()
    graph(image).square().sum().backward()
    for (name, found), expected in zip(dynamic.named_parameters(), twin.parameters()):
        torch.testing.assert_close(found.grad, expected.grad, rtol=1e-4, atol=1e-4, msg=name)


def test_kernels_that_are_too_many_to_mix_at_once_give_the_same(dynamic, image, monkeypatch):
    twin = copy.deepcopy(dynamic)
    expected = twin(image)
    expected.square().sum().backward()
    monkeypatch.setattr(dynamicconv, "_CONDCONV_VALUES", 1)
    monkeypatch.setattr(dynamic_conv2d, "_DYNAMIC_CONV2D_VALUES", 1)
    found = dynamic(image)
    found.square().sum().backward()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    for (name, one), other in zip(dynamic.named_parameters(), twin.parameters()):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-4, msg=name)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [(16, 12), (15, 11), (1, 9)])
@pytest.mark.parametrize("channels", [8, 32, 48])
@torch.no_grad()
def test_a_folded_spconv_is_the_layer_within_float32_rounding(stride, side, channels, randomise):
    """48 channels have groups of 12, which a CPU convolves one by one."""
    layer = randomise(SPConv_3x3(channels, 16, stride)).eval()
    x = torch.randn(2, channels, *side, generator=torch.Generator().manual_seed(3))
    expected = copy.deepcopy(layer).double()(x.double())
    layer.fold()
    for found in (layer(x), traced(layer, x)(x), layer(x.to(memory_format=torch.channels_last))):
        torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=2e-5)


@torch.no_grad()
def test_a_traced_spconv_has_the_papers_pooling(randomise):
    layer = randomise(SPConv_3x3(48, 16, 2)).eval()
    layer.fold()
    kinds = [node.kind() for node in traced(layer, torch.randn(1, 48, 16, 16)).inlined_graph.nodes()]
    assert kinds.count("aten::avg_pool2d") == 1
    assert kinds.count("aten::_convolution") == 1
