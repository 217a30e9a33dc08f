"""`yolopatch graph`: the figure of a model, of itself and beside its base."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from PIL import Image

from yolopatch.core.figures.graph_svg import draw_graph
from yolopatch.core.figures.layout import place
from yolopatch.wire.figures import INSERTED, REPLACED, GraphAnswer, GraphLayer

PIN = "ultralytics-8.3.0"
SVG = "{http://www.w3.org/2000/svg}"


def _chain(count, **sources):
    """Layers that read the one before, except those named: `_3=(2, 1)`."""
    return tuple(
        GraphLayer(i, sources.get(f"_{i}", (i - 1,)), "Conv", ((64, 80, 80),), 1000 + i, base=i) for i in range(count)
    )


def _boxes(text):
    """For each layer by its spoken title: x, y, width and height of its box."""
    groups = list(ET.fromstring(text).iter(f"{SVG}g"))
    return [
        (group.find(f"{SVG}title").text, *(float(group.find(f"{SVG}rect").get(key)) for key in ("x", "y", "width")))
        for group in groups
    ]


def test_every_layer_has_a_row_and_lines_pass_beside_boxes():
    width, edges = 200, [(-1, 0), (0, 1), (1, 2), (2, 3), (3, 4), (0, 3), (1, 4), (0, 4)]
    found = place(range(-1, 5), edges, width)
    for edge in edges:
        lanes = found.lanes[edge]
        assert list(lanes) == list(range(edge[0] + 1, edge[1]))
        for number, lane in lanes.items():
            assert abs(lane - found.centres[number]) > width / 2
    assert found.left <= min(found.centres.values()) - width / 2
    for number in range(1, 4):
        passing = [lanes[number] for lanes in found.lanes.values() if number in lanes]
        assert len(set(passing)) == len(passing)


def test_layers_that_correspond_share_a_row():
    base = _chain(6, _5=(4, 2))
    layers = tuple(replace(layer, index=i + (i > 2), base=i) for i, layer in enumerate(base))
    new = GraphLayer(3, (2,), "Attention", ((64, 80, 80),), 5, INSERTED)
    layers = (*layers[:3], new, *layers[3:])
    text = draw_graph("mine", GraphAnswer(layers, base, "base.yaml", "n", 640), beside=True)
    tops = [y for _, _, y, _ in _boxes(text)]
    own, theirs = tops[:8], tops[8:]
    assert own == sorted(set(own))
    assert theirs == [own[i] for i in (0, 1, 2, 3, 5, 6, 7)]


def test_a_layer_that_only_the_base_has_keeps_its_row():
    base = _chain(4)
    layers = tuple(replace(layer, index=i, base=b) for i, (layer, b) in enumerate(zip(base, (0, 1, 3))))
    text = draw_graph("mine", GraphAnswer(layers, base, "base.yaml", "", 640), beside=True)
    tops = [y for _, _, y, _ in _boxes(text)]
    assert tops[:4] == [tops[4 + i] for i in (0, 1, 2, 4)]


def test_marks_are_told_by_words_borders_and_the_description():
    base = _chain(3)
    layers = (base[0], replace(base[1], kind="Mine", how=REPLACED), base[2])
    text = draw_graph("mine", GraphAnswer(layers, base, "base.yaml", "n", 640), beside=False)
    root = ET.fromstring(text)
    assert "replaces Conv" in text
    assert root.get("aria-labelledby") == "title desc"
    assert "Beside base.yaml, replaced: 1 (Mine)." in root.find(f"{SVG}desc").text
    assert "thick border" in text
    assert "dashed border" not in text


@pytest.mark.parametrize("name", ["<b>&\"'", "a\x00b\x1b[31m", "模型\ud800", "Conv\u202e", "x" * 300])
def test_any_name_is_shown_and_breaks_nothing(name):
    layers = tuple(replace(layer, kind=name) for layer in _chain(3))
    root = ET.fromstring(draw_graph(name, GraphAnswer(layers, (), "", "", 640), beside=False))
    width = float(root.get("width"))
    for spoken, x, _, wide in _boxes(ET.tostring(root, encoding="unicode")):
        assert 0 <= x <= x + wide <= width, spoken


@pytest.mark.more
def test_a_real_model_is_drawn_beside_its_base(spawn, full_workspace, tmp_path):
    workspace = full_workspace(PIN)
    spawn("render-cfg", "--module", "SPConv", "--model", "yolo11", "--scale", "n", "--out", tmp_path)
    out = tmp_path / "g.svg"
    ran = spawn(
        "graph", f"mine={tmp_path / 'yolo11n-SPConv.yaml'}", "--workspace", workspace, "--base", "--out", out,
        "--imgsz", 64, "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    told = ran.json
    assert (told["name"], told["scale"], told["replaced"], told["inserted"]) == ("mine", "n", [1, 3, 5, 7], [])
    assert sum(layer["parameters"] for layer in told["base"]["layers"]) == 2_624_080
    assert told["layers"][1]["shapes"] == [[32, 16, 16]]
    assert told["layers"][12]["from"] == [11, 6]
    assert len(_boxes(out.read_text())) == 25 + 25
    assert len(re.findall(r'class="replaced"', out.read_text())) == 4


@pytest.mark.more
def test_a_checkpoint_without_a_model_is_refused_and_nothing_is_written(spawn, checkpoint, full_workspace, tmp_path):
    state, out = checkpoint(PIN, form="state"), tmp_path / "g.svg"
    ran = spawn("graph", state, "--workspace", full_workspace(PIN), "--out", out)
    assert ran.code == 1
    assert "holds tensors but no model" in ran.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("none.yaml",), 2, "none.yaml does not exist"),
        (("notes.txt",), 2, "neither a model YAML nor a checkpoint"),
        (("run",), 2, "has no checkpoint"),
        (("a.yaml", "--out", "a.png"), 2, "the figure is an SVG file"),
        (("a.yaml", "--out", "there.svg"), 3, "already exists"),
        (("a.yaml", "--imgsz", "8"), 2, "less than the stride"),
        (("best.pt", "--scale", "n"), 2, "is a checkpoint, which has one scale"),
    ],
)
def test_wrong_words_write_nothing(yolopatch, full_workspace, tmp_path, monkeypatch, words, code, said):
    workspace = full_workspace(PIN)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    for name in ("notes.txt", "a.yaml", "best.pt", "there.svg"):
        (tmp_path / name).write_text("nc: 1\nbackbone: []\nhead: []\n")
    before = sorted(tmp_path.iterdir())
    ran = yolopatch("graph", *words, "--workspace", workspace)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert sorted(tmp_path.iterdir()) == before


def test_without_a_workspace_the_way_to_one_is_said(yolopatch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("nc: 1\n")
    ran = yolopatch("graph", "a.yaml")
    assert ran.code != 0
    assert "--workspace DIR" in ran.err


@pytest.mark.parametrize(
    "words", [("graph",), ("compare",), ("heatmap", "--erf", "--images", ".")], ids=lambda it: it[0]
)
def test_a_file_of_several_scales_is_asked_for_one_with_an_option_that_the_command_has(
    words, yolopatch, full_workspace, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (32, 32)).save("any.png")
    cfg = full_workspace(PIN) / "ultralytics" / "cfg" / "models" / "v8" / "yolov8-p2.yaml"
    ran = yolopatch(*words, cfg)
    assert ran.code == 2
    assert ran.err.endswith("next: add --scale n\n"), ran.err
    assert "--scale" in yolopatch(words[0], "--help").out
