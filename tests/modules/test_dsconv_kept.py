"""The paper's DSConv quantises once for each state of its weights, and never computes with an older state."""

import copy
import io
import pickle
import threading

import pytest
import torch
from torch.nn.utils import parametrize, prune

from yolopatch.modules.convolutions import dsconv
from yolopatch.modules.convolutions.dsconv import PaperDSConv

OPTIONS = {"groups": 2, "bias": True, "block_size": 3, "KDSBias": True, "CDS": True, "bits": 3}


@pytest.fixture
def image():
    return torch.randn(2, 8, 5, 5, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=[{}, OPTIONS], ids=["plain", "all-options"])
def layer(request, randomise):
    """A layer in eval mode."""
    return randomise(PaperDSConv(8, 6, 3, **request.param)).eval()


@pytest.fixture
def quantised(monkeypatch):
    """How often a kernel was quantised."""
    calls, quantize = [], dsconv._dsconv_quantize

    def counted(*arguments):
        calls.append(arguments)
        return quantize(*arguments)

    monkeypatch.setattr(dsconv, "_dsconv_quantize", counted)
    return calls


def bits(tensor):
    return tensor.detach().contiguous().view(torch.uint8)


def anew(layer, x):
    """What the layer computes when it quantises anew."""
    return layer._conv_forward(x, layer.kernel(), layer.bias)


def settled(layer, x):
    """The layer's output, the same bit for bit as anew, at the first forward and at the next."""
    x = x.to(layer.weight.dtype)
    outputs = [layer(x), layer(x)]
    for out in outputs:
        assert torch.equal(bits(out), bits(anew(layer, x)))
    return outputs[0]


def step(layer):
    layer(torch.ones(1, 8, 5, 5)).sum().backward()
    torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9).step()


def foreach_step(layer):
    layer(torch.ones(1, 8, 5, 5)).sum().backward()
    torch.optim.AdamW(layer.parameters(), lr=0.1, foreach=True).step()


def training_step(layer):
    layer.train()
    step(layer)
    layer.eval()


def load(layer):
    layer.load_state_dict({name: value + 0.5 for name, value in layer.state_dict().items()})


def load_by_assigning(layer):
    layer.load_state_dict({name: value + 0.5 for name, value in layer.state_dict().items()}, assign=True)


def average(layer):
    """An EMA's update, as the upstreams write it."""
    for value in layer.state_dict().values():
        value *= 0.9
        value += 0.1 * torch.ones_like(value)


@torch.no_grad()
def copy_in_place(layer):
    layer.weight.copy_(layer.weight.roll(1))


@torch.no_grad()
def set_one_weight(layer):
    layer.weight[3, 2, 1, 0] = 2


@torch.no_grad()
def move_one_weight_by_a_bit(layer):
    last = layer.weight.view(-1)[-1:]
    last.copy_(torch.nextafter(last, torch.tensor(9.0)))


def edit_data(layer):
    layer.weight.data[0, 0, 0, 0] += 1


def edit_through_numpy(layer):
    layer.weight.detach().numpy()[0, 0] = 3


def replace_data(layer):
    layer.weight.data = layer.weight.data.flip(0)


def replace_parameter(layer):
    layer.weight = torch.nn.Parameter(layer.weight.detach() * 1.1)


def set_storage(layer):
    layer.weight.detach().set_(torch.randn(6, 8 // layer.groups, 3, 3))
    layer.weight.data = torch.randn(6, 8 // layer.groups, 3, 3)


def from_vector(layer):
    vector = torch.nn.utils.parameters_to_vector(layer.parameters())
    torch.nn.utils.vector_to_parameters(vector.flip(0), layer.parameters())


def edit_in_inference_mode(layer):
    with torch.inference_mode():
        layer.weight.mul_(-1.3)


def replace_in_inference_mode(layer):
    with torch.inference_mode():
        layer.weight = torch.nn.Parameter(layer.weight * 1.3, requires_grad=False)


def edit_a_tied_layer(layer):
    other = PaperDSConv(8, 6, 3, groups=layer.groups)
    other.weight = layer.weight
    torch.nn.init.normal_(other.weight)


def edit_from_a_thread(layer):
    thread = threading.Thread(target=edit_data, args=(layer,))
    thread.start()
    thread.join()


def start_from_a_convolution(layer):
    layer.init_from(torch.nn.Conv2d(8, 6, 3, padding=1, groups=layer.groups), None)


def more_bits(layer):
    layer.bits = 8


def smaller_blocks(layer):
    layer.block_size = 2


def to_half(layer):
    layer.half()


def to_half_and_back(layer):
    layer.half().float()


def to_bfloat16(layer):
    layer.bfloat16()


def to_double(layer):
    layer.double()


def prune_weights(layer):
    prune.l1_unstructured(layer, "weight", 0.5)


def prune_for_good(layer):
    prune_weights(layer)
    layer(torch.ones(1, 8, 5, 5))
    prune.remove(layer, "weight")


class Doubled(torch.nn.Module):
    def forward(self, weight):
        return 2 * weight


def parametrise(layer):
    parametrize.register_parametrization(layer, "weight", Doubled())


def divide(layer):
    """Weights that are not finite are a state like any other."""
    layer.weight.data[0] /= 0


CHANGES = [
    step,
    foreach_step,
    training_step,
    load,
    load_by_assigning,
    average,
    copy_in_place,
    set_one_weight,
    edit_data,
    edit_through_numpy,
    replace_data,
    replace_parameter,
    set_storage,
    from_vector,
    edit_in_inference_mode,
    replace_in_inference_mode,
    edit_a_tied_layer,
    edit_from_a_thread,
    start_from_a_convolution,
    more_bits,
    smaller_blocks,
    to_half,
    to_half_and_back,
    to_bfloat16,
    to_double,
    prune_weights,
    prune_for_good,
    parametrise,
    divide,
]


@pytest.fixture(params=["no_grad", "inference_mode", "grad"])
def mode(request):
    return {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode, "grad": torch.enable_grad}[request.param]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_no_change_of_the_weights_is_missed(change, layer, mode, image):
    with mode():
        before = settled(layer, image)
    change(layer)
    with mode():
        assert not torch.equal(settled(layer, image).to(before.dtype), before)


def test_not_the_smallest_one(layer, image):
    with torch.no_grad():
        settled(layer, image)
        kept = layer._kept
        move_one_weight_by_a_bit(layer)
        settled(layer, image)
    assert layer._kept is not kept


def test_weights_that_are_equal_in_value_but_not_in_bits_are_another_state(layer, image):
    with torch.no_grad():
        layer.weight.zero_()
        settled(layer, image)
        kept = layer._kept
        layer.weight.neg_()
        settled(layer, image)
    assert layer._kept is not kept


def test_quantises_once_for_each_state(layer, image, quantised):
    for context in (torch.no_grad, torch.inference_mode, torch.enable_grad, torch.no_grad):
        with context():
            for _ in range(2):
                layer(image)
    layer.train()
    with torch.no_grad():
        layer(image)
    assert len(quantised) == 1
    edit_data(layer)
    layer(image)
    layer.eval()(image)
    assert len(quantised) == 3  # one in training, one that is kept
    layer.half().float()(image)
    assert len(quantised) == 4
    with torch.autocast("cpu", torch.bfloat16):
        layer(image)
    layer.requires_grad_(False).train()(image)
    assert len(quantised) == 4


def test_training_keeps_nothing(layer, image):
    layer(image)
    layer.train()(image)
    assert layer._kept is None


def test_weights_with_nan_are_quantised_once(layer, image, quantised):
    layer.weight.data[0, 0] = torch.nan
    layer(image), layer(image)
    assert len(quantised) == 1


def test_the_gradient_is_that_of_quantising_anew(layer, image):
    twin, x, y = copy.deepcopy(layer), image.clone().requires_grad_(), image.clone().requires_grad_()
    with torch.inference_mode():
        layer(image)
    for _ in range(2):  # the second time with a kernel that is kept
        layer(x).square().sum().backward()
        anew(twin, y).square().sum().backward()
    assert torch.equal(x.grad, y.grad)
    for found, expected in zip(layer.parameters(), twin.parameters()):
        assert torch.equal(found.grad, expected.grad)


def test_what_inference_mode_kept_serves_a_backward_pass(layer, image):
    layer.requires_grad_(False)
    with torch.inference_mode():
        layer(image)
    x, y = image.clone().requires_grad_(), image.clone().requires_grad_()
    layer(x).sum().backward()
    anew(layer, y).sum().backward()
    assert torch.equal(x.grad, y.grad)


def test_the_kernel_that_is_handed_out_may_be_changed(layer, image):
    with torch.no_grad():
        before = layer(image)
        layer.kernel().zero_()
        assert torch.equal(layer(image), before)


def saved(layer):
    file = io.BytesIO()
    torch.save(layer, file)
    return file.getvalue()


def test_nothing_that_is_kept_reaches_a_checkpoint_or_a_copy(layer, image):
    fresh, expected = copy.deepcopy(layer), layer(image)
    sizes = len(pickle.dumps(fresh)), len(saved(fresh))
    assert layer._kept is not None
    assert (len(pickle.dumps(layer)), len(saved(layer))) == sizes
    assert layer.state_dict().keys() == fresh.state_dict().keys()
    for twin in (copy.copy(layer), copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert vars(twin).keys() == vars(fresh).keys()
        assert torch.equal(settled(twin, image), expected)
        edit_data(twin)
        assert not torch.equal(settled(twin, image), expected)


def test_a_checkpoint_from_before_anything_was_kept_loads(layer, image):
    layer(image)
    old = PaperDSConv.__new__(PaperDSConv)
    old.__setstate__({name: value for name, value in vars(layer).items() if name not in ("_kept", "is_folded")})
    assert torch.equal(settled(old, image), layer(image))


def test_copies_do_not_share_what_they_keep(layer, image):
    expected, twin = settled(layer, image), copy.deepcopy(layer)
    edit_data(twin)
    settled(twin, image)
    assert torch.equal(settled(layer, image), expected)


def test_a_replica_computes_with_its_own_weights(layer, image):
    """What DataParallel does: a shallow copy whose weights are another device's plain tensors."""
    settled(layer, image)
    replica = layer._replicate_for_data_parallel()
    for name, value in layer._parameters.items():
        setattr(replica, name, None if value is None else value * 2)
    settled(replica, image)
    settled(layer, image)


def test_folding_and_freezing_forget_what_was_kept(layer, image):
    with torch.no_grad():
        expected = settled(layer, image)
        for method in ("fold", "freeze"):
            twin = copy.deepcopy(layer)
            twin(image)
            getattr(twin, method)()
            assert twin._kept is None
            assert torch.equal(settled(twin, image), expected)
        frozen = twin
        frozen.load_state_dict(layer.state_dict())
        edit_data(frozen)
        assert not torch.equal(settled(frozen, image), expected)


def test_a_trace_quantises_the_weights_that_it_is_run_with(layer, image, quantised):
    layer(image)
    graph = torch.jit.trace(layer, image)
    assert torch.equal(graph(image), layer(image))
    with torch.no_grad():
        graph.weight.mul_(-1.3)
        layer.weight.copy_(graph.weight)
    assert torch.equal(graph(image), settled(layer, image))


@pytest.mark.slow  # imports torch's compiler
def test_an_export_quantises_the_weights_that_it_is_run_with(layer, image):
    with torch.no_grad():
        layer(image)
        program = torch.export.export(layer, (image,))
        torch.testing.assert_close(program.module()(image), layer(image))
    operators = {str(node.target) for node in program.graph.nodes}
    assert "aten.round_.default" in operators or "aten.round.default" in operators
    assert "aten.equal.default" not in operators


@pytest.mark.slow  # imports torch's compiler
def test_a_compiled_layer_sees_every_change(layer, image):
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    with torch.no_grad():
        layer(image)
        before = compiled(image)
        edit_data(layer)
        assert torch.equal(compiled(image), settled(layer, image))
        assert not torch.equal(compiled(image), before)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_other_weights_may_stand_in(layer, image):
    """torch.func: a call with given weights, mapped over several, and differentiated."""
    state = {name: value.detach() for name, value in layer.named_parameters()}
    other = {name: value * 1.5 for name, value in state.items()}
    expected = layer(image)
    call = torch.func.functional_call
    assert torch.equal(call(layer, state, (image,)), expected)
    assert not torch.equal(call(layer, other, (image,)), expected)
    stacked = {name: torch.stack((state[name], other[name])) for name in state}
    both = torch.func.vmap(lambda weights: call(layer, weights, (image,)))(stacked)
    torch.testing.assert_close(both[1], call(layer, other, (image,)))
    gradient = torch.func.grad(lambda weights: call(layer, weights, (image,)).sum())(state)["weight"]
    expected.sum().backward()
    torch.testing.assert_close(gradient, layer.weight.grad)


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointed_activations_are_computed_with_the_same_kernel(layer, image, reentrant):
    x, y = image.clone().requires_grad_(), image.clone().requires_grad_()
    out = torch.utils.checkpoint.checkpoint(layer, x, use_reentrant=reentrant)
    expected = layer(y)
    assert torch.equal(out, expected)
    out.sum().backward(), expected.sum().backward()
    assert torch.equal(x.grad, y.grad)


def test_channels_last_weights_are_another_state(layer, image):
    with torch.no_grad():
        settled(layer, image)
        kept = layer._kept
        settled(layer.to(memory_format=torch.channels_last), image)
    assert layer._kept is not kept


def test_a_layer_without_memory_has_a_shape(layer):
    assert layer.to("meta")(torch.empty(2, 8, 5, 5, device="meta")).shape == (2, 6, 5, 5)


def test_threads_share_a_layer(layer, image):
    with torch.inference_mode():
        expected = anew(layer, image)
    outputs = []

    def work():
        with torch.inference_mode():
            outputs.extend(layer(image) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outputs) == 20
    assert all(torch.equal(out, expected) for out in outputs)
