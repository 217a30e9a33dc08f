"""Upstream's trainer knows some parameters by the number of their layer: a row more, and it trains them otherwise."""

from __future__ import annotations

import json

import pytest

from yolopatch.wire.statuses import PASS, WARN

FILES = {"ultralytics-8.4.0": "26/yolo26.yaml", "ultralytics-8.3.0": "11/yolo11.yaml"}
HEAD = "[[16, 19, 22], 1, Detect, [nc]]"


@pytest.mark.more
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
        "for a short training, upstream chooses an optimizer that multiplies the learning rate of "
        "model.24.cv3.0.0.0.conv.weight by 1, and that of the base's" in found.summary
    )
    assert "model.23.cv3.0.0.0.conv.weight by 3 (" in found.summary
    assert "optimizer=SGD" in found.hint


_RATES = """
import json
import sys
from yolopatch.probe.upstreams.opening import open_upstream
from yolopatch.probe.compare.rates import multiplied_rates

upstream, found = open_upstream("ultralytics"), []
for file in sys.argv[1:]:
    model = upstream.build(upstream.read(file, "n"))
    rates = upstream.rates(model)
    found.append((multiplied_rates(upstream, model), rates["model.0.conv.weight"]))
print("\\n" + json.dumps(found))
"""


@pytest.mark.more
def test_arms_whose_heads_differ_are_trained_alike_and_most_parameters_are_no_measure(
    full_workspace, in_upstream, tmp_path
):
    workspace = full_workspace("ultralytics-8.4.0", "paper")
    text = (workspace / "ultralytics/cfg/models" / FILES["ultralytics-8.4.0"]).read_text()
    rows = ["[-1, 1, Conv, [64, 3, 2]]"] * 2 + ["[-1, 1, nn.Identity, []]"] * 21
    small = "\n".join([f"{text.partition('backbone:')[0]}backbone:", *(f"  - {row}" for row in rows)])
    files = {
        "base": text,
        "one-level": text.replace(HEAD, "[[22], 1, Detect, [nc]]"),
        "moved": text.replace(HEAD, "[-1, 1, nn.Identity, []]\n  - [[16, 19, 23], 1, Detect, [nc]]"),
        "block": text.replace(HEAD, "[-1, 1, C3, [1024]]\n  - [[16, 19, 23], 1, Detect, [nc]]"),
        "small": f"{small}\nhead:\n  - [[20, 21, 22], 1, Detect, [nc]]\n",
    }
    for name, content in files.items():
        (tmp_path / f"{name}-n.yaml").write_text(content)
    said = in_upstream(workspace, _RATES, *(tmp_path / f"{name}-n.yaml" for name in files))
    found = dict(zip(files, json.loads(said.splitlines()[-1]), strict=True))
    assert found == {
        "base": [{"3": "the head"}, 1.0],
        "one-level": [{"3": "the head"}, 1.0],
        "moved": [{}, 1.0],
        "block": [{"3": "layer 23 (C3)"}, 1.0],
        "small": [{"3": "the head"}, 1.0],
    }
