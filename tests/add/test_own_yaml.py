"""A join for which no template has a place: what to do with it is said, and works."""

from __future__ import annotations

import re

import pytest

from yolopatch.errors import EXIT_USAGE

PIN = "ultralytics-8.3.0"
# three sizes, brought to the one in the middle
ZOOM = """import torch
import torch.nn as nn
import torch.nn.functional as F


class Zoom(nn.Module):
    def forward(self, x):
        large, middle, small = x[0], x[1], x[2]
        size = middle.shape[2:]
        large = F.adaptive_max_pool2d(large, size) + F.adaptive_avg_pool2d(large, size)
        return torch.cat([large, middle, F.interpolate(small, size, mode="nearest")], dim=1)
"""
YAML = """nc: 80
scales:
  n: [0.50, 0.25, 1024]
backbone:
  - [-1, 1, Conv, [64, 3, 2]] # 0-P1/2
  - [-1, 1, Conv, [128, 3, 2]] # 1-P2/4
  - [-1, 1, Conv, [256, 3, 2]] # 2-P3/8
  - [-1, 1, Conv, [512, 3, 2]] # 3-P4/16
  - [-1, 1, Conv, [1024, 3, 2]] # 4-P5/32
head:
  - [[2, 3, 4], 1, Zoom, []] # 5
  - [-1, 2, C3k2, [512, False]] # 6-P4/16
  - [[2, 6, 4], 1, Detect, [nc]]
"""


@pytest.fixture
def added(yolopatch, paste, own_catalog):
    """Add a join of three sizes, and give what was printed."""
    ran = yolopatch("add", paste(ZOOM, "Zoom.py"), "--like", "Concat")
    assert ran.code == 0, ran.err
    return ran


def test_what_to_do_next_names_no_template(added):
    assert "it joins only three maps" in added.err
    assert "render-cfg" not in added.out
    assert "placement" not in added.out
    assert "write its rows into a model YAML of your own, my-yolo/my.yaml: it joins only three maps" in " ".join(
        added.out.split()
    )


def test_render_cfg_and_list_say_that_it_has_no_usual_place(added, yolopatch, tmp_path):
    refused = yolopatch("render-cfg", "--module", "Zoom", "--model", "yolo11", "--out", tmp_path / "out")
    assert refused.code == EXIT_USAGE
    assert "Zoom does not fit where modules of its kind stand: it joins only three maps" in refused.err
    assert not (tmp_path / "out").exists()
    chosen = yolopatch("render-cfg", "--module", "Zoom", "--model", "yolo11", "--placement", "12", "--out", tmp_path)
    assert chosen.code == 0, chosen.err
    shown = yolopatch("list", "Zoom").out
    assert "it joins only three maps" in " ".join(shown.split())
    assert "render-cfg" not in shown


def test_no_model_of_a_family_is_tried_with_it(yolopatch, paste, own_catalog, need_pin):
    need_pin(PIN)
    ran = yolopatch("add", paste(ZOOM, "Zoom.py"), "--like", "Concat", "--try")
    assert "no model was built: no family's model has a place for it" in ran.out
    assert "a model with it was built and run" not in ran.out


@pytest.mark.more
def test_its_rows_in_a_yaml_of_ones_own_are_built(added, yolopatch, need_pin, tmp_path):
    need_pin(PIN)
    workspace = tmp_path / "my-yolo"
    yolopatch("apply", "--repo", PIN, "--module", "Zoom", "--dest", workspace)
    (workspace / "my.yaml").write_text(YAML)
    ran = yolopatch("verify", workspace, "--cfg", "my.yaml", "--scale", "n", "--check", "build", "--check", "forward")
    assert ran.code == 0, ran.out + ran.err
    assert re.search(r"pass +build .*8 layers", ran.out)
