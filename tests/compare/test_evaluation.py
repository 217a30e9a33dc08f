"""`compare --data`: COCO's evaluator beside upstream's own figures, and what is refused before anything runs."""

from __future__ import annotations

import json
import math
import shutil
from array import array
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from random import Random

import pytest

from yolopatch.cli.compare.page import render_page
from yolopatch.core.compare.columns import parts_of
from yolopatch.core.compare.description import describe
from yolopatch.core.compare.evaluation import CocoClass, CocoFigures, Evaluation
from yolopatch.core.compare.files import write_classes, write_csv
from yolopatch.outside.compare import coco
from yolopatch.steps.data.shapes import ShapesRequest, make_shapes
from yolopatch.wire.training import ClassScore, UpstreamFigures

PIN = "ultralytics-8.3.0"


@pytest.fixture
def judge(tmp_path):
    """Evaluate boxes (image, class, x, y, x, y, score) on objects (image, class, x, y, x, y)."""
    pytest.importorskip("pycocotools")

    def call(objects, boxes, images=2, classes=2):
        for name, records in (("truth", objects), ("found", boxes)):
            with (tmp_path / name).open("wb") as stream:
                array("d", [value for record in records for value in record]).tofile(stream)
        return coco.evaluate_boxes(tmp_path / "truth", tmp_path / "found", images, classes, "x 1")

    return call


def test_boxes_on_every_object_have_an_ap_of_1_in_every_size(judge):
    objects = [(0, 0, 0, 0, 20, 20), (0, 0, 100, 100, 150, 150), (1, 0, 0, 0, 200, 200)]
    found = judge(objects, [(*one, 0.9) for one in objects])
    assert (found.ap, found.ap50, found.small, found.medium, found.large) == pytest.approx((1, 1, 1, 1, 1))
    (only,) = found.classes
    assert (only.number, only.objects, len(only.curve)) == (0, 3, 101)


def test_a_size_without_an_object_has_no_ap_and_no_box_is_an_ap_of_0(judge):
    found = judge([(0, 1, 0, 0, 20, 20)], [])
    assert (found.ap, found.small, found.medium, found.large) == (0.0, 0.0, None, None)
    assert [one.number for one in found.classes] == [1]


def test_a_box_that_covers_half_counts_up_to_that_overlap(judge):
    found = judge([(0, 0, 0, 0, 100, 100)], [(0, 0, 0, 0, 100, 72, 0.9)])
    assert found.ap50 == pytest.approx(1)
    assert found.ap == pytest.approx(0.5)  # right for IoU 0.5, 0.55, 0.6, 0.65 and 0.7


_BY_UPSTREAM = """
import json, sys
import numpy, torch
from ultralytics.engine.validator import BaseValidator
from ultralytics.utils import metrics
objects, boxes = map(torch.tensor, json.load(sys.stdin))
validator = BaseValidator.__new__(BaseValidator)
validator.iouv = torch.linspace(0.5, 0.95, 10)
images = [(objects[objects[:, 0] == image], boxes[boxes[:, 0] == image]) for image in boxes[:, 0].unique()]
right = [validator.match_predictions(b[:, 1], o[:, 1], metrics.box_iou(o[:, 2:], b[:, 2:6])) for o, b in images]
found = torch.cat([b for _, b in images])

def ap():
    judged = torch.cat(right).numpy(), found[:, 6].numpy(), found[:, 1].numpy(), objects[:, 1].numpy()
    every = metrics.ap_per_class(*judged)[5]
    return [float(every.mean()), float(every[:, 0].mean())]

def steps(recall, precision):
    highest = numpy.flip(numpy.maximum.accumulate(numpy.flip(precision)))
    places = numpy.searchsorted(recall, numpy.linspace(0, 1, 101))
    return numpy.append(highest, 0.0)[places].mean(), highest, recall

own = ap()
metrics.compute_ap = steps
print("AP", json.dumps([own, ap()]))
"""


@pytest.mark.slow
def test_upstreams_map_is_cocos_ap_but_for_the_line_that_it_draws(judge, in_upstream, pristine_tree):
    """Of 3,000 objects with a box on most of them, and others elsewhere: see docs/compare.md."""
    random, objects, boxes = Random(0), [], []
    for image in range(300):
        for place in range(10):
            left, top, side, kind = 200.0 * place, 0.0, random.uniform(10, 150), random.randrange(3)
            objects.append((image, kind, left, top, left + side, top + side))
            moved, score = random.gauss(0, side / 15), random.random()
            if random.random() < 0.8:
                boxes.append((image, kind, left + moved, top, left + side + moved, top + side, score))
            for _ in range(3):
                boxes.append((image, kind, left, top + 500, left + side, top + 500 + side, random.random() * 0.3))
    found = judge(objects, boxes, images=300, classes=3)
    told = in_upstream(pristine_tree(PIN), _BY_UPSTREAM, given=[objects, boxes])
    own, with_steps = json.loads(told.partition("AP ")[2])
    assert (found.ap, found.ap50) == pytest.approx(with_steps, abs=1e-6)
    assert (found.ap, found.ap50) == pytest.approx(own, abs=0.03)
    assert own[0] > found.ap + 1e-3  # nobody should take the one for the other


@pytest.fixture
def evaluated(found):
    """The comparison, its first and third model evaluated."""
    curve = [1.0] * 60 + [0.0] * 41
    classes = (CocoClass(0, 7, 0.5, 0.6, curve), CocoClass(1, 9, 0.25, 0.5, curve))
    upstream = UpstreamFigures(
        0.7, 0.6, 0.56, 0.38, (ClassScore(0, 0.7, 0.6, 0.6, 0.5),), 4, 16, 0.001, 0.7, 300, False
    )
    figures = CocoFigures(0.375, 0.55, 0.1, None, 0.9, classes, "pycocotools 2.0.11")
    one = Evaluation(upstream, figures, "my/data.yaml", ("cat", "<b>dog</b>"))
    first, second, third = found.rows
    return replace(found, rows=(replace(first, evaluation=one), second, replace(third, evaluation=one)))


def test_what_was_measured_stands_in_place_of_what_the_run_reports(evaluated):
    metrics = evaluated.rows[0].data()["metrics"]
    assert (metrics["mAP50-95"], metrics["small"], metrics["medium"]) == (0.38, 0.1, None)
    assert metrics["coco"] == {"AP50": 0.55, "AP": 0.375, "small": 0.1, "medium": None, "large": 0.9}
    assert [(one["name"], one["objects"], one["mAP50"]) for one in metrics["classes"]] == [
        ("cat", 7, 0.6),
        ("<b>dog</b>", 9, None),
    ]
    assert evaluated.rows[1].data()["metrics"] is None
    told = " ".join(describe(evaluated.method, evaluated.rows))
    assert "on the 4 images and 16 objects of val of my/data.yaml" in told
    assert "base, other: float32, batches of 16, scores from 0.001, NMS at IoU 0.7" in told
    assert "results.csv" not in told
    assert list(parts_of(evaluated.rows))[2:] == ["Accuracy", "Accuracy by COCO's evaluator"]


def test_the_page_has_a_curve_for_each_class_the_largest_first(evaluated):
    plots = [plot for plot in evaluated.plots if plot.file.startswith("plot-pr-")]
    assert [plot.file for plot in plots] == ["plot-pr-all.svg", "plot-pr-1.svg", "plot-pr-0.svg"]
    assert all("AP50" in plot.svg and plot.models == (1, 3) for plot in plots)
    page = render_page(evaluated, "x")
    assert "&lt;b&gt;dog&lt;/b&gt;, 9 objects" in page
    assert "<b>dog" not in page


def test_the_csvs_hold_the_figures_and_the_data(evaluated):
    head, first, *_ = (line.split(",") for line in write_csv(evaluated.rows, evaluated.method).splitlines())
    told = dict(zip(head, first))
    assert (told["map50_95"], told["coco_ap"], told["coco_medium"]) == ("0.38", "0.375", "")
    assert (told["epoch"], told["data"]) == ("", "my/data.yaml")
    lines = write_classes(evaluated.rows).splitlines()
    assert len(lines) == 1 + 2 * 2
    assert lines[2] == "base,<b>dog</b>,9,,,,,0.25,0.5,my/data.yaml"


@pytest.fixture
def shapes(tmp_path) -> Path:
    """A small data set; its YAML."""
    return make_shapes(ShapesRequest(tmp_path / "shapes", images=4, side=64)).data


@pytest.fixture
def refused(yolopatch, tmp_path, monkeypatch, fingerprint, full_workspace):
    """Compare an empty checkpoint on data, with what has to be said before it is read; gives code and error."""
    monkeypatch.setattr(coco, "version", lambda name: "0")

    def call(data: Path, *items: object) -> tuple[int, dict]:
        (tmp_path / "best.pt").touch()
        words = (*(items or (tmp_path / "best.pt",)), "--data", data, "--workspace", full_workspace(PIN))
        before = fingerprint(tmp_path)
        ran = yolopatch("compare", *words, "--out", tmp_path / "out", "--json")
        assert fingerprint(tmp_path) == before
        return ran.code, json.loads(ran.out)["error"]

    return call


def test_without_the_evaluator_the_command_that_installs_it_is_said(refused, shapes, monkeypatch):
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(coco, "version", missing)
    code, error = refused(shapes)
    assert code == 1
    assert "needs COCO's evaluator" in error["what"]
    assert error["hint"].endswith("-m pip install pycocotools")


def test_yamls_alone_cannot_be_evaluated(refused, shapes, base_cfg):
    code, error = refused(shapes, base_cfg("yolo11", "n"))
    assert (code, "all are model YAMLs" in error["what"]) == (2, True)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("no labels", "no image of val has an object"),
        ("no images", "has no images"),
        ("no folder", "does not exist"),
        ("class", "has class 9; the classes are 0 to 2"),
        ("torn", "cannot be read"),
    ],
)
def test_data_that_upstream_would_not_take_is_refused_before_anything_runs(harm, said, refused, shapes):
    images, labels = shapes.parent / "images" / "val", shapes.parent / "labels" / "val"
    first = sorted(images.iterdir())[0]
    if harm == "no labels":
        shutil.rmtree(labels)
    elif harm == "no images":
        shutil.rmtree(images)
        images.mkdir()
    elif harm == "no folder":
        shutil.rmtree(images)
    elif harm == "class":
        (labels / f"{first.stem}.txt").write_text("9 0.5 0.5 0.1 0.1\n")
    else:
        first.write_bytes(b"\x89PNG torn")
    code, error = refused(shapes)
    assert code == 2
    assert "cannot be evaluated on" in error["what"]
    assert any(said in line for line in error["details"]), error
    assert error["hint"].startswith("yolopatch data check ")


def test_data_that_does_not_exist_is_a_usage_error(refused, tmp_path):
    code, error = refused(tmp_path / "none.yaml")
    assert (code, "does not exist" in error["what"]) == (2, True)


@pytest.fixture
def eighty(shapes) -> Path:
    """The data set with as many classes as the checkpoints of these tests have."""
    names = ["disc", "square", "triangle", *(f"other {number}" for number in range(77))]
    shapes.write_text(f"train: images/train\nval: images/val\nnames: {json.dumps(names)}\n")
    return shapes


@pytest.mark.slow
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", PIN, "ultralytics-8.4.0", "yolov5-pypi-6.1.0"])
def test_a_checkpoint_is_evaluated_and_nothing_is_left_in_the_data(
    pin, spawn, checkpoint, full_workspace, eighty, fingerprint, tmp_path
):
    pytest.importorskip("pycocotools")
    weights, before, out = checkpoint(pin), fingerprint(eighty.parent), tmp_path / "out"
    words = ("--workspace", full_workspace(pin), "--imgsz", 64, "--data", eighty, "--out", out, "--json")
    ran = spawn("compare", weights, *words)
    assert ran.code == 0, ran.err
    assert fingerprint(eighty.parent) == before
    (row,) = ran.json["rows"]
    found = row["metrics"]
    assert {one["name"] for one in found["classes"]} <= {"disc", "square", "triangle"}
    for key in ("precision", "recall", "mAP50", "mAP50-95"):
        assert 0 <= found[key] <= 1
    assert math.isclose(found["coco"]["AP"], found["mAP50-95"], abs_tol=0.02)
    assert (out / "classes.csv").is_file()
    assert (out / "plot-pr-all.svg").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "names", "said"),
    [
        ("detect", None, "was trained on other classes than the data's"),
        ("segment", 80, "is a model of another task"),
    ],
)
def test_a_checkpoint_that_does_not_fit_the_data_is_refused(
    task, names, said, spawn, checkpoint, full_workspace, shapes, request, tmp_path
):
    pytest.importorskip("pycocotools")
    data = request.getfixturevalue("eighty") if names else shapes
    words = ("--workspace", full_workspace(PIN), "--imgsz", 64, "--data", data, "--out", tmp_path / "out")
    ran = spawn("compare", checkpoint(PIN, task=task), *words)
    assert ran.code == 1, ran.err
    assert said in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_cache_of_labels_in_the_data_is_not_loaded(spawn, checkpoint, full_workspace, eighty, tmp_path):
    """It is a pickle, and upstream loads it: a stranger's data set would run code."""
    pytest.importorskip("pycocotools")
    import numpy

    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    with (eighty.parent / "labels" / "val.cache").open("wb") as stream:
        numpy.save(stream, {"hash": Evil()}, allow_pickle=True)
    words = ("--workspace", full_workspace(PIN), "--imgsz", 64, "--data", eighty, "--json")
    ran = spawn("compare", checkpoint(PIN), *words)
    assert ran.code == 0, ran.err
    assert not (tmp_path / "ran").exists()
