"""What every bare class promises in both flavors: to fold, export, copy, save, and run in the usual types."""

import copy
import io
import pickle
import warnings

import onnxruntime
import pytest
import torch


def per_channel(values):
    return values.view(1, -1, 1, 1)


def onnx_output(module, image, opset, options):
    """The output of the exported module under onnxruntime."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, image, file, opset_version=opset, input_names=["x"], **options)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"x": image.numpy()})[0])


def traced(module, image):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(module, image)


@pytest.fixture(params=["layer", "folded"])
def module(request, layer, affine):
    """A layer as built, and its folded form, if it has one."""
    if request.param == "folded" and hasattr(layer, "folded"):
        return layer.folded(*(values.float() for values in affine))
    if request.param == "folded" and hasattr(layer, "fold"):
        layer.fold()
    return layer


def test_folded_is_the_layer_followed_by_the_affine(bare_layer64, image, affine):
    scale, shift = affine
    image = image.double()
    expected = per_channel(scale) * bare_layer64(image) + per_channel(shift)
    torch.testing.assert_close(bare_layer64.folded(scale, shift)(image), expected, rtol=0, atol=1e-10)


def test_folding_keeps_what_upstream_sets_in_the_norms(bare_layer64, image, affine):
    """Upstream gives each norm of a model another eps than that with which it was built."""
    image = image.double()
    scale, shift = affine
    for norm in bare_layer64.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.eps = 0.1
    expected = per_channel(scale) * bare_layer64(image) + per_channel(shift)
    torch.testing.assert_close(bare_layer64.folded(scale, shift)(image), expected, rtol=0, atol=1e-10)


def test_folding_a_folded_layer_composes(bare_layer64, image, affine):
    scale, shift = affine
    once = bare_layer64.folded(scale, shift)
    if type(once) is torch.nn.Conv2d:
        pytest.skip("folds to a static convolution")
    image = image.double()
    expected = per_channel(shift) * once(image) + per_channel(scale)
    torch.testing.assert_close(once.folded(shift, scale)(image), expected, rtol=0, atol=1e-10)


def test_folding_leaves_the_layer_alone_and_returns_no_trainable_parameter(bare_layer, image, affine):
    layer = bare_layer
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    trainable = [parameter.requires_grad for parameter in layer.parameters()]
    folded = layer.folded(*(values.float() for values in affine))
    with torch.no_grad():
        for tensor in folded.state_dict().values():
            tensor.zero_()
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    assert [parameter.requires_grad for parameter in layer.parameters()] == trainable
    assert layer.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_static_kernels_fold_to_a_plain_convolution(bare_layer, affine):
    folded = bare_layer.folded(*(values.float() for values in affine))
    static = type(bare_layer).__name__.endswith(("RefConv", "DSConv"))
    assert (type(folded) is torch.nn.Conv2d) == static


def test_traces(module, image):
    torch.testing.assert_close(traced(module, image)(image), module(image))


def test_traces_while_it_trains(paper_factory, image):
    # yolov5 6.1 draws the graph of its first training batch; torch compares the trace with a second one
    traced(paper_factory().train(), image)


def test_exports_to_onnx(module, image, onnx_options):
    found = onnx_output(module, image, 12, onnx_options)
    torch.testing.assert_close(found, module(image).detach(), rtol=1e-4, atol=1e-5)


def test_exports_to_a_newer_onnx_opset(layer, image, onnx_options):
    found = onnx_output(layer, image, 17, onnx_options)
    torch.testing.assert_close(found, layer(image).detach(), rtol=1e-4, atol=1e-5)


def test_deepcopy_and_pickle_keep_the_function(module, image):
    expected = module(image)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(twin(image), expected)


def test_a_state_dict_round_trip_keeps_the_function(factory, layer, image):
    fresh = factory().eval()
    fresh.load_state_dict(layer.state_dict(), strict=True)
    assert torch.equal(fresh(image), layer(image))


def test_half_precision(module, image):
    half = copy.deepcopy(module).half()
    # DSConv may round a weight that float16 moved to the next integer: compare from the same weights.
    expected = copy.deepcopy(half).float()(image)
    out = half(image.half())
    assert out.dtype == torch.float16
    torch.testing.assert_close(out.float(), expected, rtol=0.01, atol=0.02)


def test_bfloat16_autocast(module, image):
    expected = module(image)
    with torch.autocast("cpu", torch.bfloat16):
        out = module(image.bfloat16())
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), expected, rtol=0.1, atol=0.1)


def test_bfloat16_autocast_trains(paper_factory, image):
    layer = paper_factory()
    with torch.autocast("cpu", torch.bfloat16):
        loss = layer(image.requires_grad_()).square().mean()
    loss.backward()
    assert torch.isfinite(image.grad).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in layer.parameters())


def test_a_batch_is_its_images_one_by_one(layer, image):
    torch.testing.assert_close(layer(image), torch.cat([layer(one) for one in image.split(1)]))


def test_channels_last_images(layer, image):
    torch.testing.assert_close(layer(image.to(memory_format=torch.channels_last)), layer(image))


def test_every_parameter_gets_a_gradient(paper_factory, image):
    layer = paper_factory()
    layer(image.requires_grad_()).square().sum().backward()
    assert [name for name, parameter in layer.named_parameters() if parameter.grad is None] == []


def test_one_seed_builds_one_layer(paper_factory):
    states = []
    for garbage in (0.0, 1e9):
        # Memory that the allocator may hand out again, should the layer leave some uninitialised.
        blocks = [torch.full((size,), garbage) for size in (12, 48, 216, 864, 3456)]
        del blocks
        torch.manual_seed(7)
        states.append(paper_factory().state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_all_paper_state_is_parameter_or_buffer(paper_factory):
    plain = [
        name
        for module in paper_factory().modules()
        for name, value in vars(module).items()
        if isinstance(value, torch.Tensor)
    ]
    assert plain == []


def test_no_attribute_collides_with_parse_model(layer):
    names = {name for module in layer.modules() for name in vars(module)}
    assert names.isdisjoint({"i", "f", "type", "np"})


def test_the_paper_flavor_prints_nothing(paper_factory, image, capsys):
    paper_factory()(image)
    assert capsys.readouterr().out == ""
