"""What a YAML says of its own scale and classes, without being built."""

from pathlib import PurePath

import pytest

from yolopatch.catalog.model.models import MODELS
from yolopatch.core.model.cfg_file import read_nc, read_scale
from yolopatch.errors import UsageError

YOLO11, YOLOV5 = MODELS["yolo11"], MODELS["yolov5"]


@pytest.mark.parametrize(
    ("text", "name", "model", "asked", "scale"),
    [
        ("nc: 80\n", "yolo11s-DSConv.yaml", YOLO11, None, "s"),
        ("nc: 80\n", "yolo11-DSConv.yaml", YOLO11, "m", "m"),
        ("nc: 80\nscale: x # one\n", "model.yaml", YOLO11, None, "x"),
        ("scale: x\n", "yolo11n.yaml", YOLO11, None, "x"),
        ("depth_multiple: 0.33\nwidth_multiple: 0.25\n", "mine.yaml", YOLOV5, None, "n"),
        ("depth_multiple: 1.33  # deep\nwidth_multiple: 1.25\n", "yolov5n.yaml", YOLOV5, "x", "x"),
    ],
)
def test_the_scale_is_the_files_own_then_the_asked_one_then_the_names(text, name, model, asked, scale):
    assert read_scale(text, PurePath(name), model, asked) == scale


def test_a_file_of_another_scale_than_the_asked_one_is_refused():
    with pytest.raises(UsageError, match="is a file of scale n, not s"):
        read_scale("scale: n\n", PurePath("model.yaml"), YOLO11, "s")
    with pytest.raises(UsageError, match="is a file of scale l, not s"):
        read_scale("depth_multiple: 1.0\nwidth_multiple: 1.0\n", PurePath("yolov5s.yaml"), YOLOV5, "s")


@pytest.mark.parametrize("name", ["model.yaml", "yolo11.yaml", "yolo11-DSConv.yaml", "yolov8n.yaml"])
def test_a_file_that_says_no_scale_must_be_asked_for_one(name):
    with pytest.raises(UsageError) as caught:
        read_scale("nc: 80\n", PurePath(name), YOLO11, None)
    assert "--scale" in caught.value.hint


def test_the_number_of_classes_is_read_and_defaults_to_upstreams():
    assert read_nc("# nc: 1\nnc: 3 # three\n") == 3
    assert read_nc("backbone: []\n") == 80
