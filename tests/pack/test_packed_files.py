"""Bits behind one another, and packed files that are not as they should be. Nothing of upstream is needed."""

from __future__ import annotations

import pytest
import torch

from yolopatch.modules.convolutions.dsconv import PaperDSConv
from yolopatch.probe.checkpoint.bits import pack_bits, packed_size, unpack_bits
from yolopatch.probe.checkpoint.frozen import build, same_bits
from yolopatch.probe.checkpoint.packed import kernel_sizes, read_packed, unpacked_state, write_packed
from yolopatch.probe.checkpoint.stored import Stored
from yolopatch.probe.protocol.refusal import Refusal


@pytest.mark.parametrize("bits", range(2, 9))
def test_integers_come_back_out_of_their_bits(bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1)
    values = torch.randint(low, high, (3, 7, 3, 1), dtype=torch.int8, generator=torch.Generator().manual_seed(0))
    values.view(-1)[:2] = torch.tensor([low, high - 1], dtype=torch.int8)
    stream = pack_bits(values, bits)
    assert stream.dtype == torch.uint8
    assert stream.shape == (-(-63 * bits // 8),) == (packed_size(63, bits),)
    assert torch.equal(unpack_bits(stream, bits, values.shape), values)


def test_the_stream_is_twos_complement_lowest_bit_first():
    values = torch.tensor([1, -2, 3, -4], dtype=torch.int8)
    # 001, 110, 011 and 100, each from its lowest bit: 100 011 11|0 001
    assert pack_bits(values, 3).tolist() == [0b11110001, 0b1000]


@pytest.fixture
def written(tmp_path):
    """Write a packed file of one layer, changed by a function; returns its path and the layer."""

    def write(change=lambda content: None):
        layer = PaperDSConv(5, 3, 3, bits=3, block_size=2, KDSBias=True)
        layer.freeze()
        state = {"conv.VQK": layer.VQK, "conv.bn": torch.ones(3).half()}
        stored = Stored(state, {"nc": 1}, {0: "disc"}, content={"epoch": 3, "odd": object()})
        file = tmp_path / "one.packed.pt"
        write_packed(file, stored, "detect", {"conv": layer})
        content = torch.load(file, weights_only=True)
        change(content)
        torch.save(content, file)
        return file, layer

    return write


def test_a_layer_with_a_bias_comes_back_bit_for_bit(written):
    file, layer = written()
    content = read_packed(file)
    assert list(content["state"]) == ["conv.bn"]
    assert content["content"] == {"epoch": 3}
    assert content["names"] == {0: "disc"}
    state = {name.removeprefix("conv."): t for name, t in unpacked_state(content).items()}
    twin = PaperDSConv(5, 3, 3, KDSBias=True)
    twin.load_state_dict({name: tensor for name, tensor in state.items() if name != "bn"})
    assert same_bits(twin.weight, layer.weight)
    entries = kernel_sizes(file)
    # 135 integers of 3 bits, and for 3 outputs, 3 blocks and 9 places a scale and a bias in float16
    assert entries == {"conv": 51 + 2 * 3 * 3 * 9 * 2}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda c: c["layers"]["conv"].pop("scale"), "the layer conv is not complete"),
        (lambda c: c["layers"]["conv"].update(bits=9), "the layer conv is not complete"),
        (lambda c: c["layers"]["conv"].update(block_size=5), "the layer conv is not complete"),
        (lambda c: c["layers"]["conv"].update(integers=torch.zeros(50, dtype=torch.uint8)), "is not complete"),
        (lambda c: c.pop("state"), "state is a NoneType"),
        (lambda c: c["state"].update(x="y"), "x is a str"),
        (lambda c: c.update(format="other"), "found: a dict of format"),
        (lambda c: c.update(version=2), "another version"),
    ],
)
def test_a_damaged_file_is_refused(change, text, written):
    file, _ = written(change)
    with pytest.raises(Refusal) as refusal:
        read_packed(file)
    assert text in "\n".join([refusal.value.message.what, *(f"{line}" for line in refusal.value.message.details)])
    assert refusal.value.message.hint


def test_a_file_that_was_cut_short_is_refused(written):
    file, _ = written()
    file.write_bytes(file.read_bytes()[:1500])
    with pytest.raises(Refusal, match="is not a packed file that can be read"):
        read_packed(file)


class _Upstream:
    """Builds one convolution, whatever the YAML."""

    @staticmethod
    def build(yaml):
        if not yaml["backbone"]:
            raise KeyError("backbone")
        return torch.nn.Sequential(PaperDSConv(5, 3, 3))

    @staticmethod
    def find_class(name):
        return PaperDSConv if name == "DSConv" else None


ROW = [-1, 1, "DSConv", [3, 3]]


@pytest.mark.parametrize(
    ("backbone", "state", "texts"),
    [
        ([[-1, 1, "Other", []]], {}, ["layers of a class Other, which this workspace lacks"]),
        ([], {}, ["cannot be built in this workspace", "found: KeyError"]),
        ([ROW], {"0.other": torch.zeros(1)}, ["tensors are not those", "Missing key(s)", "0.weight", "0.other"]),
        ([ROW], {"0.weight": torch.zeros(3, 4, 3, 3)}, ["tensors are not those", "size mismatch for 0.weight"]),
    ],
)
def test_a_model_of_another_workspace_is_refused(backbone, state, texts):
    with pytest.raises(Refusal) as refusal:
        build(_Upstream, {"backbone": backbone, "head": []}, state)
    said = "\n".join([refusal.value.message.what, *refusal.value.message.details])
    assert all(text in said for text in texts), said
