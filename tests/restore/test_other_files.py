"""`restore` of a file that is no checkpoint of a training: it says what the file is, and leaves nothing."""

from __future__ import annotations

import pickle
import shlex
import zipfile
from pathlib import Path

import pytest
import torch

from yolopatch.wire.checkpoint_keys import FORMAT, PACKED_FORMAT

from .conftest import PIN


@pytest.fixture
def refused(yolopatch, tmp_path, fingerprint):
    """Restore a file, which is refused; gives what was said."""

    def call(file: Path, *arguments: object) -> str:
        before = fingerprint(tmp_path)
        ran = yolopatch("restore", file, *(arguments or ("--dest", tmp_path / "there")))
        assert ran.code == 1, ran.out + ran.err
        assert fingerprint(tmp_path) == before
        assert "next: " in ran.err
        return ran.err

    return call


@pytest.fixture
def packed(checkpoint, said) -> Path:
    """A packed file without kernels, of a workspace with DSConv."""
    content = {FORMAT: PACKED_FORMAT, "version": 1, "layers": {}, "state": {}, "yolopatch": said}
    return checkpoint(content, "best.packed.pt")


def test_a_packed_file_names_the_way_to_a_checkpoint(packed, refused, yolopatch, tmp_path):
    told = refused(packed, "--dest", tmp_path / "there", "--trust")
    assert "best.packed.pt is a packed file of `yolopatch pack`" in told
    assert f"it comes from a checkpoint of {PIN} with DSConv, RefConv" in told
    restore, unpack = (shlex.split(one) for one in told.partition("there: `")[2].partition("`")[0].split(" && "))
    assert unpack[1:] == ["unpack", str(tmp_path / "there"), "--weights", str(packed), "--out", "restored.pt"]
    ran = yolopatch(*restore[1:], "--json")
    assert ran.code == 0, ran.err
    assert ran.json["commit"] == ran.json["stamp"]["commit"]


def test_a_packed_file_without_a_stamp(checkpoint, refused):
    told = refused(checkpoint({FORMAT: PACKED_FORMAT, "version": 1, "layers": {}, "state": {}}))
    assert "from a checkpoint without a stamp" in told
    assert "yolopatch unpack WORKSPACE --weights" in told


def test_a_stamp_without_a_model(checkpoint, said, refused, yolopatch, tmp_path):
    """As a tool leaves it that keeps the tensors alone."""
    file = checkpoint({"state_dict": {}, "yolopatch": said})
    told = refused(file)
    assert "has a stamp, but no model that could be loaded" in told
    assert "its entries: state_dict, yolopatch" in told
    assert yolopatch("restore", file, "--dest", tmp_path / "there", "--no-load").code == 0


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ({"meta": {"mmdet_version": "3.3.0"}, "state_dict": {}}, "meta, state_dict"),
        (
            {"pytorch-lightning_version": "2.5.0", "state_dict": {}, "loops": {}},
            "pytorch-lightning_version, state_dict",
        ),
        ({"model": {"backbone.0.weight": 1.0}, "optimizer": {}, "lr_scheduler": {}}, "model, optimizer, lr_scheduler"),
    ],
    ids=["mmdetection", "lightning", "detr"],
)
def test_a_checkpoint_of_another_tool(content, keys, checkpoint, refused):
    told = refused(checkpoint(content))
    assert f"it holds tensors but no model; its entries: {keys}" in told
    assert "it has no class of ultralytics or yolov5" in told


def _safetensors() -> bytes:
    header = b'{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return len(header).to_bytes(8, "little") + header + bytes(4)


def _before_torch_1_6(file: Path) -> bytes:
    torch.save({"weight": torch.zeros(1)}, file, _use_new_zipfile_serialization=False)
    return file.read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("best.onnx", b"\x08\x0a\x12\x07pytorch\x1a\x052.3.1", "it is ONNX, an export"),
        ("model.safetensors", _safetensors(), "it is a safetensors file"),
        ("best.engine", (61).to_bytes(4, "little") + b'{"description": "Ultralytics"}', "it is a TensorRT engine"),
        ("best.tflite", b"\x1c\x00\x00\x00TFL3" + bytes(8), "it is TensorFlow Lite"),
        ("model.h5", b"\x89HDF\r\n\x1a\n", "it is HDF5"),
        ("best.pt", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("best.pt", b"\n<!DOCTYPE html><html><body>Not found</body></html>", "it is a web page"),
        ("runs.tar.gz", b"\x1f\x8b\x08\x00" + bytes(20), "a compressed archive: unpack it first"),
        ("old.pt", _before_torch_1_6, "it has torch's format before version 1.6"),
    ],
)
def test_a_file_of_another_format(name, content, said, refused, tmp_path):
    file = tmp_path / name
    file.write_bytes(content(tmp_path / "made.pt") if callable(content) else content)
    told = refused(file)
    assert f"{name} is not a checkpoint of upstream" in told
    assert said in told


def test_an_archive_around_the_checkpoint(refused, tmp_path):
    with zipfile.ZipFile(tmp_path / "runs.zip", "w") as archive:
        archive.writestr("train/weights/best.pt", pickle.dumps({}))
        archive.writestr("train/args.yaml", "epochs: 1")
    assert "it has: train/weights/best.pt, train/args.yaml" in refused(tmp_path / "runs.zip")
