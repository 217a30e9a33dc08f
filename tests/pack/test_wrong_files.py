"""What cannot be packed or unpacked: each is told, and nothing is written."""

from __future__ import annotations

import pytest
import torch

from yolopatch.steps.apply import apply

PIN = "ultralytics-8.3.0"


@pytest.fixture
def refused(yolopatch, full_workspace, tmp_path):
    """Run a command that cannot do; returns what it says, and sees that the folder is as it was."""

    def call(command, weights, *options, code=1, place=None):
        before = sorted(tmp_path.iterdir())
        out = tmp_path / "out.pt"
        done = yolopatch(command, place or full_workspace(PIN), "--weights", weights, "--out", out, *options)
        assert (done.code, done.out) == (code, "")
        assert sorted(tmp_path.iterdir()) == before
        return " ".join(done.err.split())

    return call


def test_a_model_without_dsconv(refused, trained):
    said = refused("pack", trained(PIN, module=None))
    assert "has no DSConv layers, so there is nothing to pack" in said
    assert "yolopatch render-cfg --module DSConv" in said


def test_a_model_that_the_workspace_does_not_build(refused, trained, tmp_path, cache):
    weights = trained(PIN, module="DynamicConv")
    place = apply(PIN, ["DSConv"], "paper", tmp_path / "ws", "auto", cache).workspace
    said = refused("pack", weights, place=place)
    assert "which this workspace lacks" in said


@pytest.mark.parametrize("command", ["pack", "unpack"])
def test_a_file_that_was_cut_short(command, refused, tmp_path):
    file = tmp_path / "cut.pt"
    torch.save({"format": "yolopatch-packed", "version": 1, "layers": {}, "zeros": torch.zeros(1000)}, file)
    file.write_bytes(file.read_bytes()[:2000])
    said = refused(command, file)
    assert "that can be read" in said
    assert "found: " in said


def test_a_checkpoint_that_is_not_packed(refused, tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "state.pt")
    said = refused("unpack", tmp_path / "state.pt")
    assert "is no packed file that can be read" in said
    assert "found: a dict of weight" in said
    assert "is a state dict without a model" in refused("pack", tmp_path / "state.pt")


def test_there_is_no_such_file(refused, tmp_path):
    assert "there is no checkpoint" in refused("pack", tmp_path / "best.pt", code=2)
    assert "there is no packed file" in refused("unpack", tmp_path / "best.packed.pt", code=2)


@pytest.mark.parametrize("bits", ["1", "9", "4.5"])
def test_bits_out_of_range(bits, refused, tmp_path):
    assert "--bits" in refused("pack", tmp_path / "best.pt", "--bits", bits, code=2)


def test_a_file_that_is_there_stays(yolopatch, full_workspace, tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "best.pt")
    (tmp_path / "mine.pt").write_text("mine")
    asked = ("--weights", tmp_path / "best.pt", "--out", tmp_path / "mine.pt")
    for command in ("pack", "unpack"):
        done = yolopatch(command, full_workspace(PIN), *asked)
        assert (done.code, (tmp_path / "mine.pt").read_text()) == (3, "mine")
        assert "is there already; nothing was changed" in done.err


def test_the_tutorials_flavor_has_nothing_to_pack(refused, full_workspace, tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "best.pt")
    said = refused("pack", tmp_path / "best.pt", place=full_workspace(PIN, "tutorial"))
    assert "DSConv of the flavor tutorial does not quantise" in said
    assert "expected: DSConv (paper)" in said
