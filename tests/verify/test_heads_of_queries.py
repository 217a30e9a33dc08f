"""A head of one's own for RT-DETR: what it predicts is held against the queries that upstream's loss matches."""

from __future__ import annotations

import pytest

from yolopatch.wire.statuses import FAIL, PASS, WARN

SOURCE = '''
    import torch
    from ultralytics.nn.modules.head import RTDETRDecoder


    class {name}(RTDETRDecoder):
        """A decoder of a paper."""

        def __init__(self, nc=80, ch=(512, 1024, 2048)):
            super().__init__(nc, ch{options})

        def forward(self, x, batch=None):
            found = super().forward(x, batch)
            if self.training:
                boxes, scores, *others = found
                return {trained}, {matched}, *others
            boxes, scores = found[0].split((4, self.nc), -1)
            return torch.cat(({boxes}, {scores}), -1), found[1]
'''
RIGHT = {"options": "", "trained": "boxes", "matched": "scores", "boxes": "boxes", "scores": "scores"}
CORNERS = "torch.cat((boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2), -1)"
OTHER_BOXES = "are not those that upstream's loss reads in its maps"
# name: what it does in another way, the status, and what is said
CASES = {
    "OwnDecoder": ({}, PASS, "its boxes reach over"),
    "FirstLayer": ({"options": ", eval_idx=0"}, PASS, "its boxes reach over"),
    "Dropped": ({"options": ", dropout=0.2"}, PASS, "its boxes reach over"),
    "CornersGiven": ({"boxes": CORNERS}, FAIL, OTHER_BOXES),
    "CornersTrained": ({"trained": CORNERS}, FAIL, OTHER_BOXES),
    "Pixels": ({"boxes": "boxes * 320"}, FAIL, OTHER_BOXES),
    "Swapped": ({"boxes": "boxes[..., [1, 0, 3, 2]]"}, FAIL, OTHER_BOXES),
    "ScoresTrained": ({"matched": "scores.sigmoid()"}, FAIL, "no class can get a score below 0.5"),
    "TwoSigmoids": ({"scores": "scores.sigmoid()"}, WARN, "its scores in eval are not those that upstream's loss"),
    "NoSigmoid": ({"scores": "scores.logit()"}, WARN, "its scores in eval are not those that upstream's loss"),
}
FILES = ("v8/yolov8-rtdetr", "v8/yolov8-worldv2", "v8/yolov8", "v8/yolov8-seg")
BRANCH = "args.insert(1, [ch[x] for x in f])"


@pytest.mark.more
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", "ultralytics-8.3.0", "ultralytics-8.4.0"])
def test_a_decoder_that_predicts_what_it_does_not_train_is_found(pin, broken_workspace, findings, tmp_path):
    sources = {name: SOURCE.format(name=name, **{**RIGHT, **other}) for name, (other, *_) in CASES.items()}
    workspace = broken_workspace(sources, branches=dict.fromkeys(CASES, BRANCH), pin=pin)
    text = (workspace / "ultralytics/cfg/models/v8/yolov8-rtdetr.yaml").read_text()
    asked = []
    for name in CASES:
        cfg = tmp_path / f"yolov8-{name}.yaml"
        cfg.write_text(text.replace(" RTDETRDecoder, [", f" {name}, ["))
        assert name in cfg.read_text()
        asked.append((cfg, "n", ("head",)))
    for (found,), (name, (_, status, said)) in zip(findings(workspace, pin, asked), CASES.items(), strict=True):
        assert (name, found.status) == (name, status), found.summary
        assert said in found.summary, name


@pytest.mark.more
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", "ultralytics-8.3.0", "ultralytics-8.4.0"])
def test_a_model_that_yolo_does_not_build_is_told_with_the_class_that_does(pin, full_workspace, findings, tmp_path):
    workspace, asked = full_workspace(pin), []
    for name in FILES:
        cfg = tmp_path / f"own-{name.partition('-')[2] or 'plain'}.yaml"
        cfg.write_text((workspace / f"ultralytics/cfg/models/{name}.yaml").read_text())
        asked.append((cfg, "n", ("build",)))
    own = tmp_path / "mine.yaml"  # upstream takes the class from the name of a file with `world` in it
    own.write_text((workspace / "ultralytics/cfg/models/v8/yolov8-worldv2.yaml").read_text())
    found = findings(workspace, pin, [*asked, (own, "n", ("build",))])
    said = {one.summary.rpartition("; load it with ")[2] for (one,) in found if "; load it with " in one.summary}
    assert said == {
        "RTDETR('own-rtdetr.yaml'): this release's YOLO() does not build it",
        "YOLOWorld('mine.yaml'): this release's YOLO() does not build it",
    }
    assert {one.status for (one,) in found} == {PASS}
