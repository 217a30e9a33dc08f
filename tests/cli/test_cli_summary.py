"""`yolopatch summary` and the demo: a real model, built in a child process, counted beside its base."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
YOLOPATCH = Path(sys.executable).with_name("yolopatch")


@pytest.fixture
def cfg(spawn, tmp_path):
    def render(module, model="yolo11", scale="n"):
        ran = spawn("render-cfg", "--module", module, "--model", model, "--scale", scale, "--out", tmp_path, "--json")
        return Path(ran.json["files"][0]["path"])

    return render


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


def test_a_workspace_that_lacks_the_module_is_told_how_to_get_it(spawn, cfg, full_workspace):
    done = spawn("summary", full_workspace("ultralytics-8.2.50"), "--cfg", cfg("DSConv"), "--imgsz", 64)
    assert done.code == 1
    assert "the workspace has no C3k2_DSConv" in done.err


def test_a_model_that_does_not_build_gives_upstreams_last_words(spawn, cfg, full_workspace):
    broken = cfg("SPConv")
    broken.write_text(broken.read_text().replace("nn.Upsample", "nn.Downsample"))
    done = spawn("summary", full_workspace("ultralytics-8.3.0"), "--cfg", broken, "--imgsz", 64)
    assert done.code == 1
    assert "Downsample" in done.err


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
