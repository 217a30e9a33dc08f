"""What cannot be packed or unpacked: each is told, and nothing is written."""

from __future__ import annotations

import pytest
import torch

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


@pytest.mark.slow
def test_a_model_without_dsconv(refused, trained):
    said = refused("pack", trained(PIN, module=None))
    assert "has no DSConv layers, so there is nothing to pack" in said
    assert "yolopatch render-cfg --module DSConv" in said


def test_a_checkpoint_that_is_not_packed(refused, tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "state.pt")
    said = refused("unpack", tmp_path / "state.pt")
    assert "is not a packed file that can be read" in said
    assert "found: a dict of weight" in said


def test_there_is_no_such_file(refused, tmp_path):
    assert "no checkpoint" in refused("pack", tmp_path / "best.pt", code=2)
    assert "no packed file" in refused("unpack", tmp_path / "best.packed.pt", code=2)


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
        assert "already exists; nothing was changed" in done.err


def test_the_tutorials_flavor_has_nothing_to_pack(refused, full_workspace, tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "best.pt")
    said = refused("pack", tmp_path / "best.pt", place=full_workspace(PIN, "tutorial"))
    assert "DSConv in the flavor tutorial does not quantise" in said
    assert "expected: DSConv (paper)" in said
