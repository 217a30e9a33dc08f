"""What a YAML says of its own scale, task and classes, without being built."""

from __future__ import annotations

from pathlib import PurePath

import pytest
import yaml

from yolopatch.catalog.model.base_model import TASKS
from yolopatch.catalog.model.models import MODELS
from yolopatch.core.model.cfg_file import CfgFile, parse_cfg
from yolopatch.errors import UsageError
from yolopatch.outside.files.model_yaml import read_cfg

YOLO11, YOLOV5 = MODELS["yolo11"], MODELS["yolov5"]


def _file(text: str, name: str = "model.yaml") -> CfgFile:
    return parse_cfg(text, PurePath(name))


@pytest.mark.parametrize(
    ("text", "name", "model", "asked", "scale"),
    [
        ("nc: 80\n", "yolo11s-DSConv.yaml", YOLO11, None, "s"),
        ("nc: 80\n", "yolo11-DSConv.yaml", YOLO11, "m", "m"),
        ("nc: 80\nscale: x # one\n", "model.yaml", YOLO11, None, "x"),
        ("scale: x\n", "yolo11n.yaml", YOLO11, None, "x"),
        ("scale:\nnc: 80\n", "yolo11n.yaml", YOLO11, None, "n"),
        ("depth_multiple: 0.33\nwidth_multiple: 0.25\n", "mine.yaml", YOLOV5, None, "n"),
        ("depth_multiple: '0.33'\nwidth_multiple: 25e-2\n", "mine.yaml", YOLOV5, None, "n"),
        ("depth_multiple: 1.33  # deep\nwidth_multiple: 1.25\n", "yolov5n.yaml", YOLOV5, "x", "x"),
    ],
)
def test_the_scale_is_the_files_own_then_the_asked_one_then_the_names(text, name, model, asked, scale):
    assert _file(text, name).scale_for(model, asked) == scale


def test_a_file_of_another_scale_than_the_asked_one_is_refused():
    with pytest.raises(UsageError, match="is a file for scale n, not s"):
        _file("scale: n\n").scale_for(YOLO11, "s")
    with pytest.raises(UsageError, match="is a file for scale l, not s"):
        _file("depth_multiple: 1.0\nwidth_multiple: 1.0\n", "yolov5s.yaml").scale_for(YOLOV5, "s")
    with pytest.raises(UsageError, match="is a file for scale n, not s"):
        _file("scale: n\nscales: {n: [1, 1, 8], s: [1, 2, 8]}\n").any_scale("s")


def test_one_scale_is_asked_for_at_a_time():
    with pytest.raises(UsageError, match="--scale n,s: only one scale is possible here"):
        _file("nc: 80\n").scale_for(YOLO11, "n,s")


@pytest.mark.parametrize("name", ["model.yaml", "yolo11.yaml", "yolo11-DSConv.yaml", "yolov8n.yaml"])
def test_a_file_that_says_no_scale_must_be_asked_for_one(name):
    with pytest.raises(UsageError) as caught:
        _file("nc: 80\n", name).scale_for(YOLO11, None)
    assert "--scale" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "nc"),
    [
        ("# nc: 1\nnc: 3 # three\n", 3),
        ("backbone: []\n", 80),
        ("nc:\n", 80),
        ("nc: '12'\n", 12),
        ("nc: 12.0\n", 12),
        ("nc: 3\nnc: 4\n", 4),  # upstream's reader takes the last
    ],
)
def test_the_number_of_classes_is_read_and_defaults_to_upstreams(text, nc):
    assert _file(text).nc == nc


@pytest.mark.parametrize("value", ["three", "3.5", "yes", "[3]", ".inf", ".nan", f"1{'0' * 400}"])
def test_a_number_of_classes_that_is_none_is_refused(value):
    with pytest.raises(UsageError, match="nc is not a number of classes") as caught:
        _ = _file(f"nc: {value}\n").nc
    assert "model.yaml" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["nc: 99999999999\n", "nc: 3\nbackbone:\n  - [-1, 1, Conv, [99999999999, 3]]\n", f"nc: {2**20 + 1}\n"]
)
def test_numbers_that_would_take_memory_without_end_are_refused(text):
    with pytest.raises(UsageError, match="has a number that no model has"):
        _file(text).check_numbers()
    _file(f"nc: {2**20}\n").check_numbers()


SEGMENT = """\
nc: 2
scales:
  n: [0.50, 0.25, 1024]
  m: [0.50, 1.00, 512]
backbone:
  - [-1, 1, Conv, [64, 3, 2]]
head:
  - [[16, 19, 22], 1, Segment, [nc, 32, 256]]
"""
# One model, written in every way that YAML has.
STYLES = {
    "as upstream writes it": SEGMENT,
    "block style": yaml.safe_dump(yaml.safe_load(SEGMENT), default_flow_style=False),
    "flow style": yaml.safe_dump(yaml.safe_load(SEGMENT), default_flow_style=True),
    "sorted by key, in quotes": yaml.safe_dump(yaml.safe_load(SEGMENT), default_style='"'),
    "JSON": '{"nc": 2, "scales": {"n": [1, 1, 8], "m": [1, 1, 8]}, "head": [[-1, 1, "Segment", ["nc"]]]}',
    "with comments": SEGMENT.replace("\n", " # Detect, s: [1, 1, 8]\n"),
    "with anchors": SEGMENT.replace("n: [", "n: &small [").replace("m: [0.50, 1.00, 512]", "m: *small"),
    "with a merged table": "t: &t {n: [1, 1, 8]}\n" + SEGMENT.replace("  n: [0.50, 0.25, 1024]", "  <<: *t"),
    "with Windows' line ends": SEGMENT.replace("\n", "\r\n"),
    "with a byte order mark": f"\ufeff{SEGMENT}",
    "with a stray control character": SEGMENT.replace("nc: 2", "nc: 2\x08"),
    "keys twice": "scales: {x: [1, 1, 8]}\nhead: []\n" + SEGMENT,
}


@pytest.mark.parametrize("style", STYLES)
def test_a_model_is_the_same_in_every_style(style):
    file = _file(STYLES[style])
    assert (file.nc, file.task, set(file.every_scale())) == (2, "segment", {"n", "m"})
    assert file.any_scale("m") == "m"
    assert file.multiples_at("m") is None


@pytest.mark.parametrize("task", TASKS)
def test_the_last_layers_class_says_the_task(task):
    rows = f"[-1, 1, Conv, [8]]\n  - [-1, 1, 'My{task.title()}26', [nc]]"
    assert _file(f"backbone:\n  - [-1, 1, Segment, [nc]]\n  - {rows}\n").task == task
    assert _file(f"backbone:\n  - [-1, 1, Segment, [nc]]\nhead:\n  - {rows}\n").task == task


@pytest.mark.parametrize("rows", ["", "[]", "3", "[[-1, 1]]", "[[-1, 1, 2, [nc]]]", "{a: b}", "[text]"])
def test_rows_that_name_no_class_leave_the_default_task(rows):
    assert _file(f"head: {rows}\n").task == "detect"


@pytest.mark.parametrize("table", ["", "{}", "[n, s]", "n", "{n: 3}"])
def test_a_table_without_rows_holds_no_scale(table):
    file = _file(f"scales: {table}\n")
    assert (file.letters, file.any_scale(None)) == ((), "")
    with pytest.raises(UsageError, match="has no scales"):
        file.every_scale()


@pytest.mark.parametrize(
    ("table", "names"), [("{default: [1, 1, 8]}", "default"), ("{n: 3, N: [1, 1, 8], 1: [1, 1, 8]}", "N, 1")]
)
def test_scales_by_other_names_than_one_letter_are_said_to_be_there(table, names):
    file = _file(f"scales: {table}\n")
    assert file.any_scale(None) == ""
    for ask in (file.every_scale, lambda: file.any_scale("n")):
        with pytest.raises(UsageError, match=f"names its scales {names}, and") as refused:
            ask()
        assert "and upstream builds the first" in refused.value.hint


@pytest.mark.parametrize("multiples", ["depth_multiple: 0.33\n", "depth_multiple: deep\nwidth_multiple: 1\n"])
def test_multiples_that_are_none_hold_no_scale(multiples):
    assert _file(multiples).letters == ()


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi")
)
MERGED = "a: &a {k: 1, l: 2}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 9)}]}}\n" for old, new in zip("abcdefgh", "bcdefghi")
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty file"),
        ("# nothing\n", "an empty file"),
        ("- nc: 3\n", "a list"),
        ("just words\n", "a str"),
        ("when: 2024-13-01\n", "a value that its type does not allow: month must be in 1..12"),
        ("#" * 300_000, "a text of 300,000 characters"),
        ("a: " + "[" * 5000 + "]" * 5000, "lists in lists, too deep to read: more than 100, line 1"),
        (BOMB, "more than 50,000 values, aliases included"),
        (MERGED, "more than 50,000 values, aliases included"),
        ("a: &a [*a]\n", "more than 50,000 values, aliases included"),
    ],
)
def test_what_is_no_model_is_refused_with_what_was_found(text, found):
    with pytest.raises(UsageError, match=r"^model\.yaml is not a model YAML$") as caught:
        _file(text)
    assert caught.value.details[1] == f"found:    {found}"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("nc: 3\nscales:\n\tn: [1, 1, 8]\n", "line 3"),
        ("nc: 3\nend2end: True\t# PyYAML takes none here, nor does upstream\n", "line 2"),
        ("nc: [3\nhead: 4\n", "line 2"),
        ("nc: 3\n head: 4\n", "line 2"),
        ("nc: 3\n---\nnc: 4\n", "line 2"),
        ("nc: *missing\n", "line 1"),
        ("nc: !!python/object:os.system x\n", "line 1"),
        ("? [a]\n: 3\n", "line 1"),
    ],
)
def test_a_line_that_is_no_yaml_is_named(text, where):
    with pytest.raises(UsageError, match=rf"^model\.yaml, {where} is not YAML$") as caught:
        _file(text)
    assert caught.value.details[1].startswith("found:    ")


ROWS = """\
nc: 3
backbone: # 主干，特征提取
  - [-1, 1, Conv, [64, 3, 2]] # 第 0 层：下采样
head:
  - [-1, 1, Detect, [nc]]
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "sign", "meant"),
    [
        ("nc: 3", "nc：3", 1, "'：' (U+FF1A)", "':'"),
        ("backbone:", "backbone：", 2, "'：' (U+FF1A)", "':'"),
        ("[-1, 1, Conv, [64, 3, 2]]", "[-1，1，Conv，[64, 3, 2]]", 3, "'，' (U+FF0C)", "','"),
        ("[64, 3, 2]", "[64，3，2]", 3, "'，' (U+FF0C)", "','"),
        ("[64, 3, 2]", "[64、 3, 2]", 3, "'、' (U+3001)", "','"),
        ("[64, 3, 2]", "［64, 3, 2］", 3, "'［' (U+FF3B)", "'['"),
        ("[64, 3, 2]", "【64, 3, 2】", 3, "'【' (U+3010)", "'['"),
        ("[-1, 1, Conv", "[－1, 1, Conv", 3, "'－' (U+FF0D)", "'-'"),
        ("[-1, 1, Conv", "[−1, 1, Conv", 3, "'−' (U+2212)", "'-'"),
        ("Conv", "Ｃonv", 3, "'Ｃ' (U+FF23)", "'C'"),
        ("  - [-1, 1, Conv", "\u3000\u3000- [-1, 1, Conv", 3, "'\\u3000' (U+3000)", "' '"),
        ("  - [-1, 1, Conv", "\u00a0\u00a0- [-1, 1, Conv", 3, "'\\xa0' (U+00A0)", "' '"),
    ],
)
def test_a_sign_of_another_keyboard_is_named_with_its_line(old, new, line, sign, meant):
    assert old in ROWS
    with pytest.raises(UsageError, match=rf"^model\.yaml, line {line} is not YAML$") as caught:
        _file(ROWS.replace(old, new, 1))
    assert caught.value.details[1] == f"found:    {sign} where YAML has {meant}"


def test_such_signs_in_comments_and_names_are_nobodys_mistake():
    assert _file(f"{ROWS}names: [人，车, 狗]\n") is not None


def test_a_file_of_powershell_is_told_apart(tmp_path):
    (tmp_path / "model.yaml").write_text(ROWS, encoding="utf-16")
    with pytest.raises(UsageError, match="is UTF-16 text"):
        read_cfg(tmp_path / "model.yaml")


def test_a_binary_file_is_refused():
    with pytest.raises(UsageError):
        _file(bytes(range(256)).decode("utf-8", "replace"))
