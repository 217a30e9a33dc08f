"""Keys of a file next to its rows: those that make other layers than the base's are told as the cause."""

from __future__ import annotations

import pytest

from yolopatch.wire.statuses import PASS, WARN

from .test_topologies import HEADS

NEWEST, USUAL, OLDEST = "ultralytics-8.4.0", "ultralytics-8.3.0", "yolov5-6.1"
FILES = {
    NEWEST: "ultralytics/cfg/models/26/yolo26.yaml",
    USUAL: "ultralytics/cfg/models/11/yolo11.yaml",
    OLDEST: "models/yolov5s.yaml",
}
# name: the pin, what stands for what in upstream's file, and the keys that are named
CASES = {
    "two-steps": (NEWEST, ("end2end: True", "end2end: False"), "end2end"),
    "distances": (NEWEST, ("reg_max: 1", "reg_max: 16"), "reg_max"),
    "both": (NEWEST, ("end2end: True # whether to use end-to-end mode\nreg_max: 1", "reg_max: 8"), "end2end, reg_max"),
    "relu": (USUAL, ("nc: 80", "activation: nn.ReLU()\nnc: 80"), "activation"),
    "wider": (USUAL, ("n: [0.50, 0.25,", "n: [0.50, 0.50,"), "scales"),
    "unread": (USUAL, ("nc: 80", "author: me\nend2end: True\nnc: 80"), ""),
    "classes": (USUAL, ("nc: 80", "nc: 3"), ""),
    "anchors": (OLDEST, ("[10,13,", "[12,16,"), "anchors"),
}


@pytest.mark.more
@pytest.mark.parametrize("pin", FILES)
def test_a_setting_that_changes_layers_is_a_difference_and_no_fault(
    pin, pristine_tree, full_workspace, findings, tmp_path
):
    text = (pristine_tree(pin) / FILES[pin]).read_text()
    asked, said = [], {}
    for name, (of, (old, new), keys) in CASES.items():
        if of == pin:
            assert old in text
            cfg = tmp_path / f"yolo11n-{name}.yaml"
            cfg.write_text(text.replace(old, new, 1))
            asked.append((cfg, "s" if pin == OLDEST else "n", ("only-intended", "forward", "base-parity")))
            said[name] = keys
    for (found, forward, _), (name, keys) in zip(findings(full_workspace(pin), pin, asked), said.items(), strict=True):
        assert (name, found.status) == (name, WARN if keys else PASS), found.summary
        assert not keys or found.summary.endswith(f"the file has other values than the base for {keys}")
        assert forward.status == PASS, forward.summary


@pytest.mark.more
def test_a_file_of_another_family_than_the_only_base_of_its_topology_is_not_blamed(
    pristine_tree, full_workspace, findings, tmp_path
):
    text = (pristine_tree(NEWEST) / "ultralytics/cfg/models/11/yolo11.yaml").read_text()
    cfg = tmp_path / "yolo11n-p2.yaml"
    cfg.write_text(text[: text.index("head:")] + "head:\n" + HEADS["p2"])
    checks = ("only-intended", "forward", "scale", "head")
    ((found, *others),) = findings(full_workspace(NEWEST), NEWEST, [(cfg, "n", checks)])
    assert found.evidence["base"] == "yolo26-p2.yaml"
    assert found.status == WARN
    assert found.summary.endswith("the file has other values than the base for end2end, reg_max")
    assert "--base" in found.hint
    assert {one.id: one.status for one in others} == dict.fromkeys(checks[1:], PASS)
