"""A head of one's own for masks, key points or turned boxes: its task is that of the class it inherits from."""

from __future__ import annotations

import textwrap

import pytest

from yolopatch.wire.statuses import FAIL, PASS, WARN

from .conftest import PIN

SOURCE = """
    from ultralytics.nn.modules.head import {of}


    class {name}({of}):
        \"\"\"A head of a paper.\"\"\"
"""
NO_TASK = "can tell none from this one, and stops"
# (name, what it inherits from, upstream's file, its task, what upstream makes of the name)
CASES = (
    ("SegmentX", "Segment", "yolo11n-seg", "segment", NO_TASK),
    ("RotatedDetect", "OBB", "yolo11n-obb", "obb", "takes it for detect: it would train with another loss"),
)
HEADS = {
    "SegmentX": "args.append([ch[x] for x in f])\nargs[2] = make_divisible(min(args[2], max_channels) * width, 8)",
    "RotatedDetect": "args.append([ch[x] for x in f])",
}

# what upstream's own entry point does with a file, without a task
BUILD = """
import sys
from ultralytics import YOLO

for file in sys.argv[1:]:
    try:
        print("\\nFOUND", YOLO(file).task)
    except NotImplementedError:
        print("\\nFOUND none")
"""


@pytest.mark.more
def test_a_head_whose_name_upstream_does_not_know_is_verified_for_its_task_with_a_warning(
    broken_workspace, findings, in_upstream, tmp_path
):
    sources = {name: textwrap.dedent(SOURCE.format(name=name, of=of)) for name, of, *_ in CASES}
    workspace = broken_workspace(sources, branches=HEADS)
    asked = []
    for name, of, file, *_ in CASES:
        cfg = tmp_path / f"{file}-own.yaml"
        text = (workspace / f"ultralytics/cfg/models/11/{file.replace('n-', '-')}.yaml").read_text()
        cfg.write_text(text.replace(f" {of}, [", f" {name}, ["))
        assert name in cfg.read_text()
        asked.append((cfg, "n", ("head", "learns")))
    for (head, learns), (name, _, _, task, said) in zip(findings(workspace, PIN, asked), CASES, strict=True):
        assert head.status == WARN
        assert f"({name}) is a head of the task {task}" in head.summary
        assert said in head.summary
        assert f'yolo {task} train model=..., or YOLO(..., task="{task}")' in head.hint
        assert learns.status == PASS
    said = in_upstream(workspace, BUILD, *(cfg for cfg, *_ in asked))
    assert [line.split()[1] for line in said.splitlines() if line.startswith("FOUND")] == ["none", "detect"]


HALF = """
    from ultralytics.nn.modules.head import OBB


    class HalfObb(OBB):
        \"\"\"A head whose boxes in eval have half of their sides.\"\"\"

        def decode_bboxes(self, bboxes, anchors):
            x, y, w, h = super().decode_bboxes(bboxes, anchors).chunk(4, 1)
            return torch.cat((x, y, w / 2, h / 2), 1)
"""


@pytest.mark.more
def test_the_turned_boxes_of_a_head_of_ones_own_are_those_that_the_loss_trains(broken_workspace, findings, tmp_path):
    workspace = broken_workspace({"HalfObb": textwrap.dedent(HALF)}, branches={"HalfObb": HEADS["RotatedDetect"]})
    text = (workspace / "ultralytics/cfg/models/11/yolo11-obb.yaml").read_text()
    own, upstreams = tmp_path / "yolo11n-half.yaml", tmp_path / "yolo11n-obb.yaml"
    own.write_text(text.replace(" OBB, [", " HalfObb, ["))
    upstreams.write_text(text)
    (half,), (right,) = findings(workspace, PIN, [(own, "n", ("head",)), (upstreams, "n", ("head",))])
    assert half.status == FAIL
    assert "are not those that upstream's loss reads in its maps" in half.summary
    assert right.status == PASS
