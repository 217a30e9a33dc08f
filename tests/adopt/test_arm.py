"""The workspace of an adopted fork as an arm of an ablation."""

from __future__ import annotations

import pytest

from .conftest import PIN

_GRID = """
model = "{pin}"
scales = ["n"]
data = "shapes/data.yaml"
seeds = [0, 1]
baseline = "base"
compat = {compat}

[[arm]]
name = "base"

[[arm]]
name = "the fork"
module = ["GatedYOLO"]
cfg = "fork/ultralytics/cfg/models/gatedyolo/yolo11-gated.yaml"

[train]
epochs = 1
imgsz = 64
batch = 4
workers = 0
device = "cpu"
plots = false
"""


@pytest.mark.slow
def test_an_adopted_fork_is_trained_beside_the_model_that_it_was_made_from(
    yolopatch, self_made, own_catalog, compat_option, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert yolopatch("adopt", self_made, "--base", PIN, "--no-build", "--dest", "fork").code == 0
    assert yolopatch("data", "shapes", "--out", "shapes", "--images", 8).code == 0
    (tmp_path / "grid.toml").write_text(_GRID.format(pin=PIN, compat=str(bool(compat_option(PIN))).lower()), "utf-8")
    ran = yolopatch("ablate", "grid.toml", "--json")
    assert ran.code == 0, ran.err
    runs = ran.json["runs"]
    assert {(run["arm"], run["seed"], run["status"]) for run in runs} == {
        (arm, seed, "done") for arm in ("base", "the fork") for seed in (0, 1)
    }
    assert len({run["commit"] for run in runs}) == 2
    base, fork = ran.json["table"]
    assert base["parameters"] > fork["parameters"] > 10_000
