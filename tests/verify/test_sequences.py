"""A block may be a sequence itself, and then repeats its units inside: `scale` takes it for no row of layers."""

from __future__ import annotations

import pytest

PIN = "ultralytics-8.3.0"


@pytest.mark.more
@pytest.mark.parametrize("scale", ["n", "m"])
def test_a_block_that_is_a_sequence_scales_as_the_base_does(scale, yolopatch, need_pin, tmp_path):
    need_pin(PIN)
    workspace = tmp_path / "w"
    assert yolopatch("apply", "--repo", PIN, "--module", "MDCR", "--dest", workspace).code == 0
    made = yolopatch(
        "render-cfg", "--module", "MDCR", "--model", "yolo11", "--scale", scale, "--out", workspace, "--json"
    )
    (cfg,) = (file["path"] for file in made.json["files"])
    ran = yolopatch("verify", workspace, "--cfg", cfg, "--check", "scale", "--json")
    assert [(check["id"], check["status"]) for check in ran.json["checks"]] == [("scale", "pass")]
