"""Heads that start with values for which the loss assigns nothing to one of their maps: no check blames them."""

from __future__ import annotations

import pytest

from yolopatch.wire.statuses import PASS

from .conftest import PIN

PATCH_GATE = """
    class PatchGate(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.patches = nn.Conv2d(c, c, 7, 7)

        def forward(self, x):
            return x * torch.sigmoid(self.patches(x).mean((2, 3), keepdim=True))
"""
PATCH_HEAD = """
    from ultralytics.nn.modules.head import Detect

    class PatchHead(Detect):
        def __init__(self, nc=80, ch=()):
            super().__init__(nc, ch)
            for branch in self.cv2:
                branch.insert(1, PatchGate(branch[0].conv.out_channels))
"""


@pytest.mark.more
def test_a_head_whose_coarse_map_gets_no_object_in_a_small_image_is_not_called_zero(
    pristine_tree, broken_workspace, findings, tmp_path
):
    branches = {"PatchGate": "c2 = ch[f]", "PatchHead": "args.append([ch[x] for x in f])"}
    workspace = broken_workspace({"PatchGate": PATCH_GATE, "PatchHead": PATCH_HEAD}, branches=branches)
    cfg = tmp_path / "yolo11n-patches.yaml"
    text = (pristine_tree(PIN) / "ultralytics/cfg/models/11/yolo11.yaml").read_text()
    cfg.write_text(text.replace(" Detect, [", " PatchHead, ["))
    ((found,),) = findings(workspace, PIN, [(cfg, "n", ("gradient-flow",))])
    assert found.status == PASS, found.summary
    assert "zero at initialisation only" in found.summary
