"""`yolopatch summary` and the demo: a real model, built in a child process, counted beside its base."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from yolopatch.catalog.model.models import VARIANTS
from yolopatch.catalog.pins import PINS
from yolopatch.core.model.cfg_file import parse_cfg
from yolopatch.core.model.cfg_text import render_text
from yolopatch.core.model.family import base_of, family_of
from yolopatch.errors import UsageError
from yolopatch.outside.files.model_yaml import find_cfg
from yolopatch.outside.files.templates import load_templates
from yolopatch.steps.model.render_request import RenderRequest, plan

ROOT = Path(__file__).resolve().parents[2]
YOLOPATCH = Path(sys.executable).with_name("yolopatch")


@pytest.fixture
def cfg(spawn, tmp_path):
    def render(module, model="yolo11", scale="n"):
        ran = spawn("render-cfg", "--module", module, "--model", model, "--scale", scale, "--out", tmp_path, "--json")
        return Path(ran.json["files"][0]["path"])

    return render


@pytest.mark.more
def test_a_model_is_counted_beside_its_base(spawn, cfg, full_workspace):
    workspace = full_workspace("ultralytics-8.3.0")
    told = spawn("summary", workspace, "--cfg", cfg("SPConv"), "--imgsz", 64, "--json").json
    assert (told["scale"], told["imgsz"], told["replaced"]) == ("n", 64, [1, 3, 5, 7])
    assert (told["base"]["layers"], told["base"]["parameters"]) == (319, 2_624_080)
    assert told["parameters"] < told["base"]["parameters"]
    assert 0 < told["gflops"]["true"] < told["base"]["gflops"]["true"]
    for figures in (told, told["base"]):
        for times, way in ((figures["latency_ms"], "as_built"), (figures["latency_fused_ms"], "fused")):
            assert 0 < times["low"] <= times["median"] <= times["high"]
            assert figures["fps"][way] == pytest.approx(1000 / times["median"], abs=0.01)
    assert [row["class"] for row in told["table"] if row["index"] in told["replaced"]] == ["Conv_SPConv"] * 4


def test_a_file_is_looked_for_here_and_then_in_the_workspace(tmp_path, monkeypatch):
    workspace = tmp_path / "w"
    workspace.mkdir()
    theirs, ours = workspace / "a.yaml", tmp_path / "a.yaml"
    with pytest.raises(UsageError) as caught:
        find_cfg(ours, workspace)
    assert caught.value.details == (f"looked for: {ours}",)
    theirs.touch()
    monkeypatch.chdir(tmp_path)
    assert find_cfg(Path("a.yaml"), Path("w")) == Path("w/a.yaml")
    ours.touch()
    assert find_cfg(Path("a.yaml"), Path("w")) == Path("a.yaml")
    with pytest.raises(UsageError) as caught:
        find_cfg(Path("c.yaml"), Path("w"))
    assert caught.value.details == (f"looked for: {tmp_path / 'c.yaml'}", f"looked for: {workspace / 'c.yaml'}")
    monkeypatch.chdir(workspace)
    with pytest.raises(UsageError) as caught:
        find_cfg(Path("c.yaml"), Path())
    assert caught.value.details == (f"looked for: {workspace / 'c.yaml'}",)


@pytest.mark.parametrize(
    "words",
    [
        ("summary",),
        ("verify",),
        ("verify", "--cfg", "none", "--base"),
        ("transplant", "--weights", "any.pt", "--out", "any2.pt"),
    ],
    ids=" ".join,
)
def test_the_error_names_both_places_of_a_file(words, yolopatch, full_workspace, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workspace = full_workspace("ultralytics-8.3.0")
    ran = yolopatch(*words[:1], workspace, *words[1:], *(() if "--base" in words else ("--cfg",)), "gone.yaml")
    assert ran.code == 2
    assert "no model YAML gone.yaml" in ran.err
    assert f"looked for: {tmp_path / 'gone.yaml'}" in ran.err
    assert f"looked for: {workspace / 'gone.yaml'}" in ran.err


@pytest.mark.more
def test_a_file_of_another_family_is_named_as_one(spawn, cfg, full_workspace):
    workspace = full_workspace("ultralytics-8.2.50")
    done = spawn("summary", workspace, "--cfg", cfg("DSConv"), "--imgsz", 64)
    assert done.code == 1
    assert f"is a yolo11 model, and {workspace} is a workspace of ultralytics-8.2.50, which is for yolov8" in done.err
    assert "layer 2 asks for the class C3k2_DSConv" in done.err
    assert "next: make a workspace for it: yolopatch apply --repo ultralytics-8.3.0 --module DSConv" in done.err


@pytest.mark.more
def test_a_fault_in_a_module_is_named_with_its_line(spawn, cfg, full_workspace, tmp_path):
    workspace = Path(shutil.copytree(full_workspace("ultralytics-8.3.0"), tmp_path / "w"))
    source = workspace / "ultralytics" / "nn" / "modules" / "spconv.py"
    source.write_text(source.read_text().replace("def forward(self, x", "def forward(self, x, more", 1))
    done = spawn("summary", workspace, "--cfg", cfg("SPConv"), "--imgsz", 64)
    assert done.code == 1
    assert "yolo11n-SPConv.yaml does not build: layer 1 (Conv_SPConv) cannot process the output of layer 0" in done.err
    assert re.search(r"where: \S+/ultralytics/nn/\S+\.py:\d+ in \w+", done.err)
    assert "missing 1 required positional argument" in done.err


@pytest.mark.more
@pytest.mark.parametrize("command", [("summary",), ("graph",), ("compare",)])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "C3k2_RefConv",
            "which this workspace lacks: yolopatch apply --repo ultralytics-8.3.0 --module RefConv --dest",
        ),
        ("A2C2f", "next: ultralytics has A2C2f since 8.3.78, and this checkout is of 8.3.0: take a workspace of"),
        ("A2C3f", "next: apply its module to this workspace, or fix the name"),
    ],
)
def test_a_class_that_a_workspace_lacks_is_told_with_where_it_is_to_be_had(
    command, name, said, spawn, yolopatch, tmp_path, need_pin
):
    need_pin("ultralytics-8.3.0")
    place = tmp_path / "w"
    assert yolopatch("apply", "--repo", "ultralytics-8.3.0", "--module", "DSConv", "--dest", place).code == 0
    text = (place / "ultralytics/cfg/models/11/yolo11.yaml").read_text()
    cfg = place / "own.yaml"
    cfg.write_text(text.replace("C3k2, [512, False, 0.25]", f"{name}, [512, False, 0.25]"))
    where = (place, "--cfg", cfg) if command == ("summary",) else (cfg,)
    done = spawn(*command, *where, "--scale", "n")
    assert done.code == 1
    assert f"layer 4 asks for the class {name}, which parse_model does not know" in done.err
    assert said in " ".join(done.err.split())


def test_a_file_with_a_class_of_a_later_release_is_rendered_with_a_note(yolopatch, tmp_path, pristine_tree):
    text = (pristine_tree("ultralytics-8.3.0") / "ultralytics/cfg/models/11/yolo11.yaml").read_text()
    (tmp_path / "own.yaml").write_text(text.replace("C3k2, [512, False, 0.25]", "A2C2f, [512, False, 0.25]"))
    asked = ("--from", tmp_path / "own.yaml", "--module", "SimAM", "--placement", "+9", "--out", tmp_path)
    done = yolopatch("render-cfg", *asked, "--repo", "ultralytics-8.3.0")
    assert done.code == 0
    assert "own.yaml will not build with ultralytics-8.3.0: ultralytics has A2C2f since 8.3.78" in " ".join(
        done.err.split()
    )
    assert "will not build" not in yolopatch("render-cfg", *asked, "--repo", "ultralytics-8.4.0", "--scale", "n").err


@pytest.mark.parametrize(
    ("family", "task", "scale"),
    [
        (family, task, scale)
        for (family, task), model in VARIANTS.items()
        if task != "classify"
        for scale in (model.scales if model.graphs else "nx")
    ],
)
@pytest.mark.parametrize("modules", [(), ("DSConv",), ("DynamicConv",)], ids=str)
def test_a_family_and_its_scale_are_read_from_the_rows(family, task, scale, modules):
    block = any(layer.module == VARIANTS[family, task].block for layer in VARIANTS[family, task].layers)
    (made,) = plan(RenderRequest(modules, family, task, scale, block=bool(modules) and block))
    file = parse_cfg(render_text(made, load_templates()), Path("mine.yaml"))
    assert family_of(file) == family
    if made.model.has_scales_table or made.model.graphs:
        base, found = base_of(file, PINS["ultralytics-8.4.0"], None)
        assert (base.name, base.size or scale, found) == (family, scale, scale)


def test_a_network_of_its_own_has_no_family():
    rows = "backbone:\n" + "  - [-1, 1, Conv, [64, 3, 2]]\n" * 9 + "head:\n  - [[-1], 1, Detect, [nc]]\n"
    assert family_of(parse_cfg(rows, Path("yolo11n.yaml"))) is None


def test_an_interpreter_without_upstreams_requirements_is_named(spawn, cfg, full_workspace, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    bare = tmp_path / "bare" / "bin" / "python"
    workspace = full_workspace("ultralytics-8.3.0")
    done = spawn("summary", workspace, "--cfg", cfg("SPConv"), "--python", bare)
    assert done.code == 1
    assert f"{bare} cannot import ultralytics-8.3.0: it lacks opencv-python" in done.err
    assert "next: yolopatch env create ultralytics-8.3.0" in done.err


@pytest.mark.parametrize("arguments", [("--cfg", "none.yaml"), ("--cfg", "yolo11n-SPConv.yaml", "--scale", "s")])
def test_a_missing_file_and_another_scale_are_usage_errors(spawn, cfg, full_workspace, arguments, tmp_path):
    cfg("SPConv")
    assert spawn("summary", full_workspace("ultralytics-8.3.0"), *arguments, cwd=tmp_path).code == 2


@pytest.mark.slow
def test_the_demo_prints_the_patched_model_beside_its_base(tmp_path, full_workspace):
    full_workspace("ultralytics-8.3.0")  # skips where the pin cannot be reached
    done = subprocess.run(
        ["bash", str(ROOT / ".ci" / "demo"), str(YOLOPATCH)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "C3k2_DSConv" in done.stdout
    assert done.stdout.count("2,624,080") == 3
    said = " ".join(done.stdout.partition("What this showed: ")[2].split())
    assert said.startswith("8 layers of upstream's model are now C3k2_DSConv")
    assert "as many parameters as its base model (2,624,080), because" in said
    assert "true GFLOPs are 6.54 beside the base model's 6.54." in said
    words = said.rpartition("yolopatch verify ")[2].split()
    assert words == ["demo/ultralytics-8.3.0", "--cfg", "demo/yolo11n-C3k2-DSConv.yaml"]
    assert all((tmp_path / word).exists() for word in words if word.startswith("demo"))
    assert (tmp_path / "demo" / "yolo11n-C3k2-DSConv.yaml").is_file()
