"""What the joins, the samplers and the head's blocks promise: to run in all types, copy, save, trace, learn."""

import copy
import io
import pickle
import warnings

import onnxruntime
import pytest
import torch

from yolopatch.modules.heads.dyhead import DyHead
from yolopatch.modules.joins.asff import ASFF
from yolopatch.modules.joins.bifpn import BiFPN
from yolopatch.modules.samplers.carafe import CARAFE
from yolopatch.modules.samplers.dysample import DySample

SAME = [(8, 6, 10), (8, 6, 10)]
PYRAMID = [(8, 12, 20), (12, 6, 10), (16, 3, 5)]
# each with the maps (channels, height, width) that it gets
LAYERS = {
    "BiFPN": (lambda: BiFPN([8, 8]), SAME),
    "BiFPN-widths": (lambda: BiFPN([8, 4, 6], 12), [(8, 6, 10), (4, 6, 10), (6, 6, 10)]),
    "ASFF": (lambda: ASFF([8, 8]), SAME),
    "ASFF-sizes": (lambda: ASFF([12, 8, 16], 6), [PYRAMID[1], PYRAMID[0], PYRAMID[2]]),
    "DySample": (lambda: DySample(8), SAME[0]),
    "DySample-dynamic": (lambda: DySample(8, groups=2, dyscope=True), SAME[0]),
    "DySample-pl": (lambda: DySample(16, style="pl"), PYRAMID[2]),
    "DySample-pl-dynamic": (lambda: DySample(16, style="pl", dyscope=True), PYRAMID[2]),
    "CARAFE": (lambda: CARAFE(8, c_mid=16), SAME[0]),
    "CARAFE-3": (lambda: CARAFE(8, scale=3, k_up=3, k_encoder=1, c_mid=4), SAME[0]),
    "DyHead": (lambda: DyHead([8, 12, 16], 8), PYRAMID),
    "DyHead-same": (lambda: DyHead([8, 8], 8), [PYRAMID[0], (8, 6, 10)]),
}


def maps(shapes, count=2, seed=1):
    generator = torch.Generator().manual_seed(seed)
    if isinstance(shapes, tuple):
        return torch.randn(count, *shapes, generator=generator)
    return [torch.randn(count, *shape, generator=generator) for shape in shapes]


def each(value, function):
    """The function's results for a map, or for each of a list of maps."""
    return [function(one) for one in value] if isinstance(value, (list, tuple)) else function(value)


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def close(found, expected, **tolerances):
    for one, other in zip(as_list(found), as_list(expected), strict=True):
        torch.testing.assert_close(one.float(), other.float(), **tolerances)


@pytest.fixture(params=LAYERS)
def name(request):
    return request.param


@pytest.fixture
def x(name):
    return maps(LAYERS[name][1])


@pytest.fixture
def layer(name, randomise):
    torch.manual_seed(0)
    return randomise(LAYERS[name][0]()).eval()


def test_half_precision(layer, x):
    half = copy.deepcopy(layer).half()
    expected = copy.deepcopy(half).float()(each(x, lambda one: one.half().float()))
    found = half(each(x, lambda one: one.half()))
    assert {one.dtype for one in as_list(found)} == {torch.float16}
    close(found, expected, rtol=0.02, atol=0.02)


def test_bfloat16_autocast(layer, x):
    expected = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(x)
    assert all(torch.isfinite(one).all() for one in as_list(found))
    close(found, expected, rtol=0.2, atol=0.2)


def test_traces_and_keeps_its_function(layer, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(layer, (x,), strict=False)
    close(traced(x), layer(x))


def test_exports_to_onnx(layer, x, onnx_options):
    file = io.BytesIO()
    names = [f"x{place}" for place in range(len(as_list(x)))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(layer, (x,), file, opset_version=17, input_names=names, **onnx_options)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    found = session.run(None, {one: value.numpy() for one, value in zip(names, as_list(x), strict=True)})
    close([torch.from_numpy(one) for one in found], layer(x), rtol=1e-3, atol=1e-4)


def test_copies_and_a_state_dict_keep_the_function(name, layer, x):
    expected = layer(x)
    fresh = LAYERS[name][0]().eval()
    fresh.load_state_dict(layer.state_dict(), strict=True)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), fresh):
        close(twin(x), expected, rtol=0, atol=0)


def test_trains_with_one_image_and_every_parameter_gets_a_gradient(name):
    layer = LAYERS[name][0]().train()
    x = maps(LAYERS[name][1], count=1)
    sum(one.square().sum() for one in as_list(layer(x))).backward()
    assert [key for key, parameter in layer.named_parameters() if parameter.grad is None] == []
    assert all(torch.isfinite(parameter.grad).all() for parameter in layer.parameters())


def test_a_batch_is_its_images_one_by_one(layer, x):
    apart = [layer(each(x, lambda one, place=place: one[place : place + 1])) for place in range(2)]
    together = [torch.cat(parts) for parts in zip(*map(as_list, apart), strict=True)]
    close(layer(x), together, rtol=1e-4, atol=1e-5)


def test_channels_last_maps(layer, x):
    close(layer(each(x, lambda one: one.to(memory_format=torch.channels_last))), layer(x), rtol=1e-4, atol=1e-5)


def test_all_state_is_parameter_or_buffer_and_no_name_is_overwritten(layer):
    names = {name for module in layer.modules() for name in vars(module)}
    assert names.isdisjoint({"i", "f", "type", "np"})
    assert not [name for module in layer.modules() for name in vars(module) if torch.is_tensor(vars(module)[name])]
    assert all(parameter.dim() < 5 for parameter in layer.parameters())
