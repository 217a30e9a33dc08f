"""The workspace of an adopted fork as an arm of an ablation."""

from __future__ import annotations

import pytest

from ..grids import grid_text
from .conftest import PIN

_FORK = '''name = "the fork"
module = ["GatedYOLO"]
cfg = "fork/ultralytics/cfg/models/gatedyolo/yolo11-gated.yaml"'''


@pytest.mark.slow
def test_an_adopted_fork_is_trained_beside_the_model_that_it_was_made_from(
    yolopatch, self_made, own_catalog, compat_option, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert yolopatch("adopt", self_made, "--base", PIN, "--no-build", "--dest", "fork").code == 0
    assert yolopatch("data", "shapes", "--out", "shapes", "--images", 8).code == 0
    text = grid_text(PIN, compat=bool(compat_option(PIN)), epochs=1, arm=_FORK)
    (tmp_path / "grid.toml").write_text(text, "utf-8")
    ran = yolopatch("ablate", "grid.toml", "--json")
    assert ran.code == 0, ran.err
    runs = ran.json["runs"]
    assert {(run["arm"], run["seed"], run["status"]) for run in runs} == {
        (arm, seed, "done") for arm in ("base", "the fork") for seed in (0, 1)
    }
    assert len({run["commit"] for run in runs}) == 2
    base, fork = ran.json["table"]
    assert base["parameters"] > fork["parameters"] > 10_000
