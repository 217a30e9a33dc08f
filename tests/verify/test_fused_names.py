"""A layer that is itself a norm has the name of the layer, in what `fuse` says of it too."""

from __future__ import annotations

from .conftest import PIN


def test_a_row_that_is_a_norm_is_named_without_a_final_dot(broken_cfg, full_workspace, findings):
    cfg = broken_cfg("nn.BatchNorm2d", (10,))  # where YOLO11 has an attention that keeps the channels
    ((fuse,),) = findings(full_workspace(PIN), PIN, [(cfg, "n", ("fuse",))])
    assert fuse.evidence["left_unfused"] == ["model.10"]
