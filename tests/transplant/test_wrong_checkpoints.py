"""Checkpoints that are not the base of the model, cannot be read, or want to run something."""

from __future__ import annotations

import functools
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from yolopatch.probe.checkpoint.harmless import require_harmless
from yolopatch.probe.checkpoint.stored import Unreadable, read_stored
from yolopatch.probe.protocol.refusal import Refusal

PIN = "ultralytics-8.4.0"


@pytest.fixture
def refused(yolopatch, full_workspace, rendered, tmp_path):
    """Run the command on a checkpoint that cannot do; returns what it says, and sees that nothing was written."""

    def call(weights: Path, code: int = 1, pin: str = PIN) -> str:
        cfg, out = rendered(pin, "RefConv").path, tmp_path / "init.pt"
        before = sorted(tmp_path.iterdir())
        ran = yolopatch("transplant", full_workspace(pin), "--cfg", cfg, "--weights", weights, "--out", out)
        assert (ran.code, ran.out) == (code, "")
        assert sorted(tmp_path.iterdir()) == before
        return " ".join(ran.err.split())

    return call


def test_no_such_file(refused, tmp_path):
    assert "no checkpoint" in refused(tmp_path / "yolo26n.pt", code=2)


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"<html>Not found</html>", "get the file again: the download"),
        pytest.param(b"<?xml version='1.0'?><net/>", "the .pt file that it was exported from", marks=pytest.mark.more),
        pytest.param(b"", "get the file again: the download", marks=pytest.mark.slow),
        pytest.param(b"PK\x03\x04 cut short", "get the file again: the download", marks=pytest.mark.slow),
        pytest.param(b"\x08\x0a\x12\x07pytorch\x1a", "the .pt file that it was exported from", marks=pytest.mark.more),
        pytest.param("# YOLO \U0001f680\nnc: 80\n".encode(), "a YAML holds the architecture", marks=pytest.mark.more),
    ],
)
def test_a_file_that_is_no_checkpoint(content, remedy, refused, tmp_path):
    (tmp_path / "base.pt").write_bytes(content)
    said = refused(tmp_path / "base.pt")
    assert "is not a checkpoint that can be read" in said
    assert remedy in said


def test_a_checkpoint_whose_bytes_have_changed_is_no_checkpoint(tmp_path):
    file = tmp_path / "base.pt"
    torch.save({f"layer{n}": torch.full((512,), float(n)) for n in range(4)}, file)
    whole = bytearray(file.read_bytes())
    at = whole.index(torch.full((8,), 3.0).numpy().tobytes()) + 16
    whole[at : at + 4] = bytes(4)
    file.write_bytes(whole)
    assert torch.load(file, weights_only=True)["layer3"].min() == 0  # torch loads it without a word
    with pytest.raises(Unreadable, match=r"it is damaged: 1 of its \d+ parts have other bytes than were written"):
        read_stored(file)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", ""])
def test_a_state_dict_of_a_wrapped_model_has_the_names_of_the_model(prefix, tmp_path):
    torch.save({f"{prefix}model.0.weight": torch.ones(2), f"{prefix}model.1.bias": torch.ones(1)}, tmp_path / "base.pt")
    assert list(read_stored(tmp_path / "base.pt").state) == ["model.0.weight", "model.1.bias"]


def test_a_checkpoint_without_a_model_says_what_is_empty(tmp_path):
    torch.save({"model": None, "ema": None, "epoch": 3}, tmp_path / "base.pt")
    with pytest.raises(Unreadable, match="its ema and its model are empty"):
        read_stored(tmp_path / "base.pt")


@pytest.mark.more
def test_a_checkpoint_that_was_cut_short(refused, checkpoint):
    file = checkpoint(PIN)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert "cut short" in refused(file)


@pytest.mark.more
def test_weights_that_are_not_finite(refused, checkpoint):
    said = refused(checkpoint(PIN, form="nan"))
    assert "has weights that are not finite" in said
    assert "first in model.3.conv.weight" in said


@pytest.mark.slow
def test_another_scale(refused, checkpoint):
    said = refused(checkpoint(PIN, "s"))
    assert "of another scale" in said
    assert "(0.5, 0.25)" in said
    assert "(0.5, 0.5)" in said


@pytest.mark.slow
def test_another_family(refused, checkpoint):
    # built by this release from YOLOv8's file: the layers are others, so their numbers say nothing
    said = refused(checkpoint(PIN, model="yolov8"))
    assert "of another family" in said


@pytest.mark.more
def test_another_task(refused, checkpoint):
    said = refused(checkpoint(PIN, task="classify"))
    assert "of another family" in said


@pytest.mark.slow
def test_a_family_with_the_same_layers_and_another_head(refused, checkpoint):
    said = refused(checkpoint("ultralytics-8.3.0"))
    assert "of another family" in said
    assert "expected: end2end True, reg_max 1" in said
    assert "found: end2end not set, reg_max not set" in said


def test_something_else_that_torch_saved(refused, tmp_path):
    torch.save({"a": 1, "b": [2]}, tmp_path / "base.pt")
    assert "neither a model nor a state dict, but: a, b" in refused(tmp_path / "base.pt")


def _holding_itself() -> object:
    model = _Model({"_parameters": {}, "_buffers": {}})
    model._modules = {"again": model}
    return model


def _held_twice_by_each() -> object:
    model = _Model({"_parameters": {}, "_buffers": {}})
    for _ in range(60):
        model = _Model({"_modules": {"a": model, "b": model}})
    return model


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (lambda: {"model": _holding_itself()}, "modules hold each other without an end"),
        (lambda: {"model": _held_twice_by_each()}, "modules hold each other without an end"),
        (lambda: {functools.reduce(lambda one, _: (one, one), range(16), ()): 1}, "a tuple of tuples with more than"),
    ],
)
def test_a_file_that_would_be_read_without_an_end(content, found, tmp_path):
    with zipfile.ZipFile(tmp_path / "base.pt", "w") as archive:
        archive.writestr("base/data.pkl", pickle.dumps(content(), protocol=2))
        archive.writestr("base/version", "3\n")
    with pytest.raises(Unreadable, match=found):
        read_stored(tmp_path / "base.pt")


class _Runs:
    """Unpickled as usual, this makes a file."""

    def __init__(self, file: Path):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


def test_nothing_of_a_malicious_file_is_run(refused, tmp_path):
    trace = tmp_path / "trace"
    torch.save({"model": _Runs(trace), "epoch": 1}, tmp_path / "base.pt")
    assert "is not a module of torch's" in refused(tmp_path / "base.pt")
    assert not trace.exists()
    torch.load(tmp_path / "base.pt", weights_only=False)
    assert trace.exists(), "the file does what it is meant to, where it is let"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("activation", "__import__('os').system('touch trace')"),
        ("head", [[-1, 1, "exec", ["open('trace', 'w')"]]]),
        ("head", [[-1, 1, "Conv", ["open('trace', 'w')"]]]),
    ],
)
def test_a_yaml_in_a_checkpoint_that_upstream_would_evaluate(key, value, refused, checkpoint, tmp_path):
    file = checkpoint(PIN)
    _edit_yaml(file, key, value)
    said = refused(file)
    assert "more than a list of layers" in said or "which this workspace lacks" in said
    assert not list(tmp_path.rglob("trace"))


@pytest.mark.parametrize(
    ("yaml", "found"),
    [
        ({"backbone": functools.reduce(lambda one, _: [one, one], range(60), [])}, "values without an end"),
        ({"head": [[-1, 1, "Conv", functools.reduce(lambda one, _: [one, one], range(40), [])]]}, "without an end"),
        ({"nc": 99999999999}, "a number of 37 bits"),
        ({"head": 5}, "rows that are a int"),
    ],
)
def test_a_yaml_in_a_checkpoint_that_has_no_end(yaml, found):
    with pytest.raises(Refusal) as caught:
        require_harmless(None, yaml)  # it is refused before a class of upstream's is looked for
    assert found in caught.value.message.details[0]


def _edit_yaml(file: Path, key: str, value: object) -> None:
    """Put something into the YAML inside a checkpoint, by a second pickle behind the first."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    (name,) = (name for name in parts if name.endswith("/data.pkl"))
    # the stack's top is the checkpoint: {"model": Model} -> a model of ours with another YAML beside it
    state = {"yaml": {"nc": 80, "backbone": [], "head": [], key: value}, "_parameters": {}, "_buffers": {}}
    parts[name] = pickle.dumps({"model": _Model(state)}, protocol=2)
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


class _Model:
    def __init__(self, state: dict):
        self.__dict__ = state
