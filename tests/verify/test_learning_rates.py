"""Upstream's trainer knows some parameters by the number of their layer: a row more, and it trains them otherwise."""

from __future__ import annotations

import pytest

from yolopatch.wire.statuses import PASS, WARN

FILES = {"ultralytics-8.4.0": "26/yolo26.yaml", "ultralytics-8.3.0": "11/yolo11.yaml"}
HEAD = "[[16, 19, 22], 1, Detect, [nc]]"


@pytest.mark.parametrize("pin", FILES)
def test_a_head_of_another_number_loses_its_own_learning_rate_where_upstream_has_one(
    pin, full_workspace, findings, tmp_path
):
    workspace = full_workspace(pin, "paper")
    text = (workspace / "ultralytics/cfg/models" / FILES[pin]).read_text()
    assert text.count(HEAD) == 1
    same, moved = tmp_path / "yolo-same-n.yaml", tmp_path / "yolo-moved-n.yaml"
    same.write_text(text.replace("[-1, 2, C3k2, [512, False, 0.25]]", "[-1, 2, C2f, [512, False]]", 1))
    moved.write_text(text.replace(HEAD, "[-1, 1, nn.Identity, []]\n  - [[16, 19, 23], 1, Detect, [nc]]"))
    (as_base,), (found,) = findings(workspace, pin, [(file, "n", ("trainer-setup",)) for file in (same, moved)])
    assert as_base.status == PASS
    if pin == "ultralytics-8.3.0":
        assert found.status == PASS
        return
    assert found.status == WARN
    assert (
        "multiplies the learning rate of model.24.cv3.0.0.0.conv.weight by 1, and that of the base's" in found.summary
    )
    assert "model.23.cv3.0.0.0.conv.weight by 3 (" in found.summary
    assert "optimizer=SGD" in found.hint
