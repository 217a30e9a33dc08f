"""`data check`: what it finds wrong is what upstream would drop."""

from __future__ import annotations

import json
import os
import struct
import time
import zlib

import pytest
import yaml
from PIL import Image

from yolopatch.core.data.labels import ERROR, WARNING, LabelFormat, read_labels
from yolopatch.errors import UsageError
from yolopatch.outside.files.images import find_image_fault
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


@pytest.mark.more
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


def test_as_many_classes_as_rows_have_channels_are_a_warning(edited, base_cfg):
    def told(cfg=None) -> str:
        return " ".join(what for _, _, what in problems(check_dataset(file, None, cfg)) if "channels" in what)

    file = edited(nc=None, names=[f"class {number}" for number in range(512)])
    assert "has 512 classes, and rows of yolov8, yolo11, yolo26, yolov10, yolo12 ask for 512 channels" in told()
    assert "the rows of layers 4, 5, 6, 13, 19, 20 of yolo11n.yaml ask for 512 channels" in told(
        base_cfg("yolo11", "n")
    )
    assert told(base_cfg("yolov5", "n")) == ""  # which compares with the head's outputs instead
    file = edited(nc=None, names=[f"class {number}" for number in range(513)])
    assert told() == told(base_cfg("yolo11", "n")) == ""


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


def test_names_with_the_commas_of_another_keyboard_are_one_name(tmp_path):
    (tmp_path / "data.yaml").write_text("train: images\nval: images\nnc: 3\nnames: [人，车，狗]\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        check_dataset(tmp_path / "data.yaml", None, None)
    assert "says nc: 3 and has 1 names" in caught.value.what
    assert "'人，车，狗'" in caught.value.details[0]


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


HEAD = "train: images/train\nval: images/val\n"
STRANGE_YAMLS = {
    "an impossible date": (HEAD + "names: [a]\nmade: 2024-13-45\n", "month must be in 1..12"),
    "a number of 5,000 digits": (HEAD + f"nc: {'9' * 5000}\n", "a number of 5,000 characters"),
    "the same in hexadecimal": (HEAD + f"nc: 0x{'f' * 5000}\n", "a number of 5,002 characters"),
    "more classes than memory": (HEAD + "nc: 99999999999\n", "nc is 99999999999"),
    "brackets 1,500 deep": (HEAD + f"names: {'[' * 1500}{']' * 1500}\n", "too deep to read"),
    "indented 1,500 deep": (HEAD + "x:\n" + "".join(f"{' ' * n}-\n" for n in range(1, 1500)), "too deep to read"),
    "a list inside itself": (HEAD + "names: &a [*a]\n", "aliases included"),
    "a wrong truth": (HEAD + "names: [a]\nx: !!bool perhaps\n", "its type does not allow"),
    "a wrong time": (HEAD + "names: [a]\nx: !!timestamp now\n", "its type does not allow"),
    "an empty number": (HEAD + 'names: [a]\nx: !!int ""\n', "its type does not allow"),
    "not UTF-8": (b"train: a\nval: b\nnames: [\xe9]\n", "byte 0xe9"),
}


@pytest.mark.parametrize("name", STRANGE_YAMLS)
def test_a_strange_yaml_is_refused_with_what_was_found(name, tmp_path, yolopatch):
    text, found = STRANGE_YAMLS[name]
    (tmp_path / "data.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    ran = yolopatch("data", "check", tmp_path / "data.yaml")
    assert ran.code == 2
    assert found in ran.err


@pytest.mark.parametrize("path", ["~nobody-here/x", "a" * 5000, '"a\\0b"', "~nobody-here"])
def test_a_path_that_no_system_has_does_not_exist(path, tmp_path, yolopatch):
    (tmp_path / "data.yaml").write_text(f"path: {path}\n{HEAD}names: [a]\n")
    ran = yolopatch("data", "check", tmp_path / "data.yaml", "--json")
    assert (ran.code, ran.json["errors"]) == (1, 2)
    assert all("does not exist" in one["what"] for one in ran.json["problems"])


@pytest.mark.parametrize("kind", ["nan", "-nan", "inf", "1e999", "-1e999", "1e30", "0.5"])
def test_a_class_that_is_no_number_of_a_class_is_an_error_of_its_line(kind, shapes):
    data = with_line(shapes(), f"{kind} 0.5 0.5 0.1 0.1")
    assert [what for _, _, what in problems(check_dataset(data, None, None))] == [
        f"has class {kind}; the classes are 0 to 2"
    ]


def huge_png() -> bytes:
    """A PNG that says it has 179 megapixels, twice Pillow's limit, in a few bytes."""
    head = struct.pack(">IIBBBBB", 17_900, 10_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    header = struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 4) + b"IDAT" + bytes(8)


STRANGE_IMAGES = {
    "179 megapixels": (huge_png(), "could be decompression bomb"),
    "nothing": (b"", "not an image"),
    "a renamed EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\n", "not an image"),
    "a renamed GIF": (b"GIF89a" + bytes(30), "not an image"),
    "a header alone": (b"\x89PNG\r\n\x1a\n", "cannot be read"),
    "a damaged TIFF": (b"II*\0\x08\0\0\0" + bytes([1, 0, 0, 1, 3, 0, 255, 255, 255, 255]) + b"\xff" * 9, "cannot be"),
    "a damaged WebP": (b"RIFF\x20\0\0\0WEBPVP8X" + b"\xff" * 20, "cannot be read"),
}


def test_one_strange_image_does_not_end_the_check_of_the_others(shapes):
    data = shapes()
    files = sorted((data.parent / "images/train").iterdir())
    for file, (content, _) in zip(files, STRANGE_IMAGES.values()):
        file.write_bytes(content)
    report = check_dataset(data, None, None)
    assert [where for _, where, _ in problems(report)] == [file.name for file in files[: len(STRANGE_IMAGES)]]
    for (_, _, what), (_, said) in zip(problems(report), STRANGE_IMAGES.values()):
        assert said in what
    assert report.parts[1].objects > 0


@pytest.mark.parametrize(
    ("suffix", "form"), [("jpg", "JPEG"), ("mpo", "MPO"), ("tif", "TIFF"), ("webp", "WEBP"), ("bmp", "BMP")]
)
def test_every_format_of_upstream_is_read(suffix, form, tmp_path):
    file = tmp_path / f"image.{suffix}"
    Image.new("RGB", (32, 32)).save(file, form)
    assert find_image_fault(file) == ""


def test_a_list_that_is_not_utf8_is_an_error_and_the_other_part_is_checked(edited, tmp_path):
    (tmp_path / "detect/some.txt").write_bytes(b"./images/train/000.png\n./images/caf\xe9.png\n")
    report = check_dataset(edited(train="some.txt"), None, None)
    assert problems(report)[0] == (ERROR, "some.txt", "is not UTF-8 text: line 2 (train of data.yaml)")
    assert report.parts[1].objects > 0


def test_a_list_of_names_that_no_system_has_does_not_end_the_check(edited, tmp_path):
    names = ["./images/train/000.png", "a\0b.png", "b" * 5000, "~nobody-here/x.png", "\x1b[31m.png"]
    (tmp_path / "detect/some.txt").write_text("\n".join(names))
    report = check_dataset(edited(train="some.txt"), None, None)
    assert [what for severity, _, what in problems(report) if severity == ERROR] == ["does not exist"] * 4


def test_a_label_that_is_a_folder_or_not_text_is_an_error_of_that_label(shapes):
    data = shapes()
    first, second, *_ = sorted((data.parent / "labels/train").iterdir())
    first.write_bytes(bytes(range(256)))
    second.unlink()
    second.mkdir()
    assert {where.partition(":")[0] for _, where, _ in problems(check_dataset(data, None, None))} == {"000.txt"}


def test_a_set_of_8000_classes_is_checked_in_less_than_two_seconds(edited, yolopatch):
    data = edited(names=[f"class {number}" for number in range(8000)], nc=None)
    start = time.process_time()
    ran = yolopatch("data", "check", data)
    assert time.process_time() - start < 2
    assert ran.code == 0
    assert "and 7,987 other classes" in ran.out


def test_what_a_terminal_would_obey_is_written_out(edited, yolopatch, tmp_path):
    names = ["\x1b]0;title\x07", "\x1b[8mhidden", "\x9b2J", "\u202eright to left", "back\x08\r", "\ud800", "猫"]
    file = edited(names=["a"] * len(names), nc=None)
    said = yaml.safe_load(file.read_text())
    file.write_text(json.dumps({**said, "names": names}))
    ran = yolopatch("data", "check", file)
    assert ran.code == 0
    for shown in (r"\x1b]0;title\x07", r"\x1b[8mhidden", r"\x9b2J", r"\u202eright", r"back\x08\r", r"\ud800", "猫"):
        assert shown in ran.out
    assert not set("\x1b\x07\x9b\u202e\x08\r") & set(ran.out)
    missing = yolopatch("data", "check", tmp_path / "\x1b[2J\udcff.yaml")
    assert (missing.code, "\x1b" in missing.err) == (2, False)
    assert r"\x1b[2J\udcff.yaml does not exist" in missing.err


def test_a_folder_that_goes_away_meanwhile_has_no_images(shapes, monkeypatch):
    file = shapes()
    images = file.parent / yaml.safe_load(file.read_text())["val"]
    (images / "gone").mkdir()
    before = problems(check_dataset(file, None, None))
    listed = os.scandir

    def scandir(folder="."):
        if str(folder).endswith("gone"):
            raise FileNotFoundError(2, "No such file or directory", str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert problems(check_dataset(file, None, None)) == before
