"""`data shapes`: the same bytes for everybody, labels that upstream reads, and nothing of the user's overwritten."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

import pytest
import yaml
from PIL import Image

from yolopatch.core.data.shapes import KINDS, Shape, label_line, scene
from yolopatch.errors import ConflictError, UsageError, YolopatchError
from yolopatch.steps.data.check import check_dataset
from yolopatch.steps.data.shapes import ShapesRequest, make_shapes

LABELLED = ["detect", "segment", "pose", "obb"]


@pytest.mark.more
def test_upstream_reads_every_object_and_so_does_the_check(shapes, read_by_upstream):
    asked, expected = [], []
    for task in LABELLED:
        data = shapes(task)
        report = check_dataset(data, task, None)
        assert report.problems == ()
        assert [part.images for part in report.parts] == [24, 6]
        assert min(report.objects.values()) > 5
        asked += [(data, task, part.name) for part in report.parts]
        expected += [{"corrupt": 0, "empty": 0, "objects": part.objects} for part in report.parts]
    assert read_by_upstream(*asked) == expected


def test_a_classifiers_set_is_a_folder_for_each_class(shapes):
    data = shapes("classify")
    for part, count in (("train", 8), ("val", 2)):
        assert sorted(folder.name for folder in (data / part).iterdir()) == sorted(KINDS)
        assert all(len(list(folder.glob("*.png"))) == count for folder in (data / part).iterdir())


def test_the_same_request_gives_the_same_set_and_another_seed_another(tmp_path):
    first, again, other = (
        make_shapes(ShapesRequest(tmp_path / name, seed=seed)) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first.sha256 == again.sha256 != other.sha256
    assert (tmp_path / "a/labels/train/000.txt").read_bytes() == (tmp_path / "b/labels/train/000.txt").read_bytes()


def test_more_images_do_not_change_the_first_ones(tmp_path):
    few, many = (make_shapes(ShapesRequest(tmp_path / str(n), images=n)).data.parent for n in (4, 8))
    for file in (few / "images" / "train").iterdir():
        assert (many / "images" / "train" / file.name).read_bytes() == file.read_bytes()


def test_objects_lie_in_the_image_apart_from_one_another_and_where_their_labels_say(shapes):
    data = shapes("detect", images=12)
    for file in sorted((data.parent / "images" / "train").iterdir()):
        image = Image.open(file).convert("HSV")
        for line in (data.parent / "labels" / "train" / f"{file.stem}.txt").read_text().splitlines():
            _, x, y, *_ = (float(word) for word in line.split())
            saturation = image.getpixel((int(x * 160), int(y * 160)))[1]
            assert saturation > 200, "the middle of a box shows a shape, not the grey background"


@pytest.mark.parametrize("seed", range(20))
def test_every_length_is_a_share_of_the_side(seed):
    for task in LABELLED:
        for shape in scene(Random(seed), 160):
            words = [float(word) for word in label_line(shape, task, 160).split()[1:]]
            assert all(0 <= word <= 1 or word == 2 for word in words)


def test_boxes_corners_and_keypoints_of_a_turned_square():
    square = Shape(kind=1, x=80, y=80, radius=40, angle=math.pi / 4, colour=(0, 0, 0))
    assert [round(value) for value in square.box()] == [40, 40, 120, 120]
    assert sorted((round(x), round(y)) for x, y in square.rotated_box()) == [(40, 80), (80, 40), (80, 120), (120, 80)]
    assert [(round(x), round(y)) for x, y in square.keypoints()] == [(80, 40), (120, 80), (80, 120), (40, 80)]
    assert label_line(square, "detect", 160) == "1 0.5 0.5 0.5 0.5"


def test_made_again_nothing_changes_and_upstreams_caches_are_not_in_the_way(tmp_path):
    request = ShapesRequest(tmp_path / "set")
    made = make_shapes(request)
    (tmp_path / "set/labels/train.cache").write_bytes(b"upstream's")
    again = make_shapes(request)
    assert (made.changed, again.changed) == (True, False)
    assert made.sha256 == again.sha256


def test_a_folder_that_holds_something_else_is_left_as_it_is(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(ConflictError):
        make_shapes(ShapesRequest(tmp_path / "set"))
    assert [file.name for file in tmp_path.rglob("*")] == ["set", "mine.txt"]


def test_a_place_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(YolopatchError) as caught:
        make_shapes(ShapesRequest(tmp_path / "file" / "set"))
    assert "nothing was changed" in caught.value.details
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"task": "segmnt"}, "unknown task"), ({"images": 2}, "--images 2"), ({"side": 16}, "--side 16")],
)
def test_a_wrong_value_is_a_usage_error(tmp_path, wrong, said):
    with pytest.raises(UsageError) as caught:
        make_shapes(ShapesRequest(tmp_path / "set", **wrong))
    assert said in caught.value.what
    assert not (tmp_path / "set").exists()


def test_the_pose_set_says_what_its_keypoints_are(shapes):
    said = yaml.safe_load(Path(shapes("pose")).read_text())
    assert (said["kpt_shape"], said["flip_idx"]) == ([4, 3], [0, 3, 2, 1])
