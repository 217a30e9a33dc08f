"""`yolopatch pack` and `unpack`: what is in the packed file, and what upstream makes of the checkpoint out of it."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
import torch

from yolopatch.cli.checkpoint.pack_words import packed
from yolopatch.steps.checkpoint.pack import Packing
from yolopatch.wire.checkpoints import PackedLayer, PackedSizes

PIN = "ultralytics-8.3.0"

# What upstream's own code computes with two checkpoints, and how the kernels of the second are kept.
_COMPARED = """
import json, sys
import torch
style, *files = sys.argv[1:]
if style == "yolov5":
    from yolov5.models.experimental import attempt_load
    models = [attempt_load(file, map_location="cpu", fuse=False) for file in files]
    names = [model.names for model in models]
else:
    from ultralytics import YOLO
    loaded = [YOLO(file) for file in files]
    models, names = [yolo.model for yolo in loaded], [yolo.names for yolo in loaded]
x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
with torch.no_grad():
    outputs = [model.float().eval()(x)[0] for model in models]
layers = [layer for layer in models[1].modules() if type(layer).__name__ == "DSConv"]
print(json.dumps({
    "equal": torch.equal(*outputs),
    "finite": bool(torch.isfinite(outputs[0]).all()),
    "names": names[0] == names[1],
    "frozen": sorted({layer.is_frozen for layer in layers}),
    "stamp": torch.load(files[1], map_location="cpu").get("yolopatch"),
}))
"""


@pytest.fixture
def ran(yolopatch, full_workspace):
    """Run `pack` or `unpack` in a pin's workspace; returns what `--json` says."""

    def call(command, weights, out, *options, pin=PIN):
        done = yolopatch(command, full_workspace(pin), "--weights", weights, "--out", out, *options, "--json")
        assert done.code == 0, done.err
        return done.json

    return call


@pytest.mark.slow
@pytest.mark.parametrize(("pin", "style"), [(PIN, "ultralytics"), ("yolov5-pypi-6.1.0", "yolov5")])
def test_upstream_computes_the_same_with_what_was_packed_and_unpacked(
    pin, style, ran, trained, in_upstream, full_workspace, tmp_path
):
    best, small, restored = trained(pin), tmp_path / "best.packed.pt", tmp_path / "restored.pt"
    there = ran("pack", best, small, pin=pin)
    back = ran("unpack", small, restored, pin=pin)
    assert (there["identical"], there["error"]) == (True, None)
    assert back["digest"] == there["digest"]
    assert back["layers"] == len(there["layers"]) > 10
    said = json.loads(in_upstream(full_workspace(pin), _COMPARED, style, best, restored).splitlines()[-1])
    assert said == {"equal": True, "finite": True, "names": True, "frozen": [True], "stamp": {"pin": "a stamp"}}

    content = torch.load(small, map_location="cpu", weights_only=True)
    assert content["yolopatch"] == {"pin": "a stamp"}
    assert {t.dtype for t in content["state"].values()} <= {torch.float16, torch.int64}
    layer, kept = there["layers"][0], content["layers"][there["layers"][0]["name"]]
    out, channels, high, wide = layer["shape"]
    assert (kept["bits"], kept["block_size"], kept["shape"]) == (4, 32, layer["shape"])
    assert kept["integers"].shape == (out * channels * high * wide // 2,)
    assert kept["scale"].dtype == torch.float16
    assert layer["packed"] == kept["integers"].nbytes + kept["scale"].nbytes


@pytest.mark.slow
def test_other_bits_and_blocks_are_packed_and_told(ran, trained, tmp_path):
    best, small = trained(PIN, half=False), tmp_path / "best.packed.pt"
    found = ran("pack", best, small, "--bits", "3", "--block-size", "128")
    assert {(one["bits"], one["block_size"]) for one in found["layers"]} == {(3, 128)}
    assert 0 < found["error"] < 1
    # 3 bits and one half for up to 128 channels: a layer of 64 takes 32 / (3 + 16 / 64) of its bits
    assert found["by_input_channels"]["64"]["ratio"] == pytest.approx(32 / 3.25, abs=0.001)
    assert found["kernels"]["packed"] == sum(one["packed"] for one in found["layers"])
    assert found["file"]["packed"] == small.stat().st_size < found["file"]["checkpoint"] == best.stat().st_size
    # packed once more, out of the unpacked checkpoint: the same bits, and nothing quantised twice
    ran("unpack", small, tmp_path / "restored.pt")
    again = ran("pack", tmp_path / "restored.pt", small, "--overwrite")
    assert (again["digest"], again["layers"]) == (found["digest"], found["layers"])
    assert again["file"]["float32"] == found["file"]["float32"]


def test_people_are_told_by_input_channels_what_was_saved():
    layers = [
        PackedLayer("a", bits=2, block_size=128, shape=(8, 64, 3, 3), float32=18432, packed=1296),
        PackedLayer("b", bits=2, block_size=128, shape=(8, 32, 3, 3), float32=9216, packed=720),
    ]
    file = PackedSizes(float32=10_000_000, checkpoint=5_000_000, packed=4_000_000)
    places = Path("ws"), Path("best.pt"), Path("best.packed.pt")
    found = Packing(*places, tuple(layers), 0.12, "0123456789abcdef", file)
    lines = [click.unstyle(line) for line in packed(found)]
    assert [line.split() for line in lines[3:6]] == [
        ["32", "1", "9.2", "0.7", "12.80"],
        ["64", "1", "18.4", "1.3", "14.22"],
        ["all", "2", "27.6", "2.0", "13.71"],
    ]
    assert lines[1] == "  2 with 2 bits, blocks of 128"
    said = " ".join(" ".join(lines).split())
    assert "4.00 MB; the checkpoint: 5.00 MB" in said
    assert "relative error 0.12" in said
    assert "bit-identical; kernels 0123456789ab" in said
