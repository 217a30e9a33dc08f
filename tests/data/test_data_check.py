"""`data check`: what it finds wrong is what upstream would drop."""

from __future__ import annotations

import pytest
import yaml

from yolopatch.core.data.labels import ERROR, WARNING, LabelFormat, read_labels
from yolopatch.errors import UsageError
from yolopatch.steps.data.check import check_dataset


def problems(report) -> list[tuple[str, str, str]]:
    return [(one.severity, one.where.rpartition("/")[2], one.what) for one in report.problems]


@pytest.fixture
def edited(shapes):
    """Give a sound set and a way to change its YAML; a value of None takes a key out."""
    file = shapes()

    def edit(**changes):
        said = {**yaml.safe_load(file.read_text()), **changes}
        file.write_text(yaml.safe_dump({key: value for key, value in said.items() if value is not None}))
        return file

    return edit


COSTLY = {
    "7 0.5 0.5 0.1 0.1": "has class 7; the classes are 0 to 2",
    "-1 0.5 0.5 0.1 0.1": "has class -1",
    "1 50 50 10 10": "has 50; expected: 0 to 1",
    "1 0.5": "has 2 numbers; expected: a class, centre and size: 5 numbers",
    "disc 0.5 0.5 0.1 0.1": "has something other than numbers",
}


def with_line(data, line):
    """Give the set with one more line in its label file 003.txt."""
    with (data.parent / "labels/train/003.txt").open("a") as file:
        file.write(f"{line}\n")
    return data


@pytest.mark.parametrize(("line", "said"), COSTLY.items())
def test_a_line_that_costs_upstream_the_image_is_an_error(line, said, shapes):
    report = check_dataset(with_line(shapes(), line), None, None)
    ((severity, where, what),) = problems(report)
    assert (severity, report.errors) == (ERROR, 1)
    assert where.startswith("003.txt:")
    assert said in what


def test_upstream_drops_the_image_of_each_such_line_and_takes_an_object_twice_once(shapes, read_by_upstream):
    sets = [with_line(shapes(folder=f"set{n}"), line) for n, line in enumerate(COSTLY)]
    sound, twice = shapes(folder="sound"), shapes(folder="twice")
    with_line(twice, (twice.parent / "labels/train/003.txt").read_text().splitlines()[0])
    *costly, once, again = read_by_upstream(*((data, "detect", "train") for data in (*sets, sound, twice)))
    assert [count["corrupt"] for count in costly] == [1] * len(COSTLY)
    assert again == once


def test_the_same_object_twice_is_a_warning(shapes):
    data = shapes()
    with_line(data, (data.parent / "labels/train/003.txt").read_text().splitlines()[0])
    report = check_dataset(data, None, None)
    assert [(severity, what.partition(":")[0]) for severity, _, what in problems(report)] == [
        (WARNING, "repeats an object")
    ]


def test_an_image_that_cannot_be_read_is_an_error(shapes):
    data = shapes()
    image = data.parent / "images/val/002.png"
    image.write_bytes(image.read_bytes()[:300])
    ((severity, where, what),) = problems(check_dataset(data, None, None))
    assert (severity, where) == (ERROR, "002.png")
    assert "cannot be read" in what


def test_images_without_labels_are_counted_and_wrong_only_where_all_are(shapes):
    data = shapes()
    labels = sorted((data.parent / "labels/val").iterdir())
    labels[0].unlink()
    labels[1].write_text("")
    report = check_dataset(data, None, None)
    assert (report.parts[1].empty, report.errors) == (2, 0)
    for file in labels[1:]:
        file.unlink()
    report = check_dataset(data, None, None)
    assert [what for severity, _, what in problems(report) if severity == ERROR] == [
        "no image of val has an object: upstream reads the labels here"
    ]


def test_a_part_that_does_not_exist_or_has_no_images_is_an_error(edited, tmp_path):
    (tmp_path / "detect/empty").mkdir()
    found = problems(check_dataset(edited(train="images/trian", val="empty"), None, None))
    assert found == [
        (ERROR, "trian", "does not exist (train of data.yaml)"),
        (ERROR, "empty", "has no images (val of data.yaml)"),
    ]


def test_a_list_of_images_is_read_as_upstream_does(edited, tmp_path):
    files = sorted((tmp_path / "detect/images/train").iterdir())[:5]
    (tmp_path / "detect/some.txt").write_text("".join(f"./images/train/{file.name}\n" for file in files))
    report = check_dataset(edited(train="some.txt"), None, None)
    assert (report.parts[0].images, report.errors) == (5, 0)


def test_a_class_that_no_object_has_is_a_warning(edited):
    names = ["disc", "square", "triangle", "star"]
    assert problems(check_dataset(edited(names=names, nc=None), None, None)) == [
        (WARNING, "data.yaml", "no object of star")
    ]


def test_a_model_of_another_number_of_classes_is_a_warning(shapes, base_cfg):
    ((severity, _, what),) = problems(check_dataset(shapes(), None, base_cfg("yolo11", "n")))
    assert severity == WARNING
    assert what == "has 80 classes, the data 3: upstream builds the model with those of the data"


def test_the_task_is_the_models(shapes, base_cfg):
    report = check_dataset(shapes("pose"), None, base_cfg("yolo11", "n", "pose"))
    assert (report.task, report.errors) == ("pose", 0)


def test_labels_of_another_task_are_errors(shapes):
    report = check_dataset(shapes("detect"), "segment", None)
    objects = sum(part.objects for part in check_dataset(shapes("detect"), None, None).parts)
    assert report.errors == objects + 2, "each line, and that neither part has an object"
    assert "a class and three corners or more" in report.problems[0].what


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train": None}, "lacks train"),
        ({"names": None, "nc": None}, "lacks names"),
        ({"nc": 4}, "says nc: 4 and has 3 names"),
        ({"nc": "three"}, "nc is 'three'"),
        ({"names": "disc"}, "names is 'disc'"),
        ({"val": 5}, "val is 5"),
        ({"names": {1: "a", 2: "b", 3: "c"}}, "names has the numbers 1, 2, 3"),
    ],
)
def test_a_yaml_that_upstream_could_not_use_is_a_usage_error(changes, said, edited):
    with pytest.raises(UsageError) as caught:
        check_dataset(edited(**changes), None, None)
    assert said in caught.value.what


def test_broken_yaml_is_told_with_its_line(tmp_path):
    (tmp_path / "data.yaml").write_text("train: images\nval: [images\nnames: {0: a}\n")
    with pytest.raises(UsageError) as caught:
        check_dataset(tmp_path / "data.yaml", None, None)
    assert "data.yaml, line 3 is not YAML" in caught.value.what


def test_keypoints_need_a_shape(shapes):
    with pytest.raises(UsageError) as caught:
        check_dataset(shapes(), "pose", None)
    assert "has no kpt_shape" in caught.value.what


@pytest.mark.parametrize(
    ("task", "count", "fits"),
    [("detect", 5, True), ("detect", 7, True), ("detect", 6, False), ("segment", 5, False), ("segment", 9, True)]
    + [("obb", 9, True), ("obb", 5, False), ("pose", 5 + 4 * 3, True), ("pose", 5 + 4 * 2, False)],
)
def test_how_many_numbers_a_line_has(task, count, fits):
    text = " ".join(["0", *["0.5"] * (count - 1)])
    faults = read_labels(text, LabelFormat(task, 1, (4, 3) if task == "pose" else (0, 0))).faults
    assert bool(faults) != fits


def test_the_command_prints_the_report_and_exits_with_1(yolopatch, shapes):
    data = shapes()
    assert yolopatch("data", "check", data).code == 0
    (data.parent / "labels/train/003.txt").write_text("9 0.5 0.5 0.1 0.1\n")
    ran = yolopatch("data", "check", data)
    assert ran.code == 1
    assert ran.out.startswith("1 error ")
    assert "003.txt:1 has class 9" in ran.out
    told = yolopatch("data", "check", data, "--json")
    assert (told.code, told.json["errors"], told.json["problems"][0]["severity"]) == (1, 1, "error")
