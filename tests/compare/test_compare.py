"""`yolopatch compare`: YAMLs, checkpoints and runs side by side, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from yolopatch.core.ablate.grid import run_id
from yolopatch.core.ablate.record import GridRecord
from yolopatch.core.training.run import RECORD, Run, Wanted, write_run
from yolopatch.errors import UsageError
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.steps.compare.items import find_items
from yolopatch.steps.compare.results import read_training
from yolopatch.steps.figures.item import find_item

PIN, OTHER_PIN = "ultralytics-8.3.0", "ultralytics-8.2.50"
FILES = {"compare.html", "table.csv", "table.md", "table.tex"} | {
    f"plot-{name}.svg"
    for name in ("parameters", "latency", "layer-parameters", "layer-gflops", "map50", "map50-95", "box-loss-training")
}
RESULTS = """\
epoch,time,train/box_loss,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),metrics/mAP50-95(B)
1,1.0,3.0,0.1,0.2,0.3,0.2
2,2.0,2.0,0.5,0.6,0.7,0.4
3,3.0,1.0,0.6,0.7,0.8,0.3
"""


@pytest.fixture
def run_folder(tmp_path):
    """Make the folder of a training around a checkpoint."""

    def make(checkpoint: Path, name: str = "train", results: str = RESULTS) -> Path:
        folder = tmp_path / name
        (folder / "weights").mkdir(parents=True)
        shutil.copy(checkpoint, folder / "weights" / "best.pt")
        (folder / "results.csv").write_text(results)
        (folder / "args.yaml").write_text("task: detect\ndata: shapes.yaml\nepochs: 3\n")
        return folder

    return make


@pytest.mark.more
def test_two_yamls_and_a_run_stand_side_by_side(
    spawn, full_workspace, base_cfg, module_cfg, checkpoint, run_folder, tmp_path
):
    workspace, base = full_workspace(PIN), base_cfg("yolo11", "n")
    mine, _ = module_cfg("SPConv", "yolo11", "n", "paper")
    run, out = run_folder(checkpoint(PIN)), tmp_path / "paper" / "tables"
    ran = spawn("compare", base, f"mine={mine}", run, "--workspace", workspace, "--imgsz", 64, "--out", out, "--json")
    assert ran.code == 0, ran.err
    rows = {row["name"]: row for row in ran.json["rows"]}
    assert list(rows) == ["yolo11n", "mine", "train"]
    counts = {(row["layers"], row["parameters"]) for name, row in rows.items() if name != "mine"}
    assert counts == {(319, 2_624_080)}  # a checkpoint is the model of its YAML
    assert rows["mine"]["parameters"] < 2_624_080
    assert rows["mine"]["gflops"]["true"] < rows["yolo11n"]["gflops"]["true"] == rows["train"]["gflops"]["true"]
    for row in rows.values():
        latency = row["latency_ms"]
        assert 0 < latency["low"] <= latency["median"] <= latency["high"]
        assert latency["fused"] is True
        assert row["fps"] == pytest.approx(1000 / latency["median"], abs=0.01)
        assert 0.98 * row["parameters"] * 4 / 2**20 < row["memory_mib"] < 20  # the fused weights, and more
    assert [row["metrics"] is None for row in rows.values()] == [True, True, False]
    assert rows["train"]["metrics"] == {
        "precision": 0.5,
        "recall": 0.6,
        "mAP50": 0.7,
        "mAP50-95": 0.4,
        "small": None,
        "medium": None,
        "large": None,
        "coco": None,
        "classes": None,
    }
    (process,) = ran.json["measured"]["processes"]
    assert (process["models"], process["pin"], process["threads"]) == (list(rows), PIN, 1)
    assert 3 <= process["rounds"] <= 31
    assert sorted(map(Path, ran.json["files"])) == sorted(out.iterdir())
    assert {file.name for file in out.iterdir()} == FILES
    assert "train 2 of 3" in (out / "table.md").read_text()


def test_a_run_of_reproduce_is_built_by_the_workspace_of_its_post(run_folder, full_workspace, tmp_path):
    (tmp_path / "any.pt").touch()
    results = run_folder(tmp_path / "any.pt", "elsewhere/train")
    run = tmp_path / "post" / "runs" / "1"
    run.mkdir(parents=True)
    os.symlink(full_workspace(PIN), tmp_path / "post" / "workspace")
    wanted = Wanted({}, "n", base=False, quick=True, commit="", edited=(), cfg="", data="")
    (run / RECORD).write_bytes(write_run(Run(1, wanted, save_dir=str(results)), run, tmp_path / "post"))
    (item,) = find_items([str(run)], None, None)
    assert (item.name, item.workspace.pin.name) == ("post/1", PIN)
    assert (item.file, item.checkpoint) == (results / "weights" / "best.pt", True)
    assert item.metrics is not None
    assert (item.metrics.epoch, item.metrics.map50_95) == (2, 0.4)


@pytest.fixture
def grid_of_two_arms(run_folder, full_workspace, tmp_path):
    """The folder of a grid with a run of each of two arms, whose workspaces are of two pins to tell them apart."""
    (tmp_path / "any.pt").touch()
    grid, arms = tmp_path / "outer" / "grid", {"base": PIN, "a +n": OTHER_PIN}
    (grid / "workspaces").mkdir(parents=True)
    folder = GridFolder(grid)
    record = GridRecord("0", "", PIN, "data.yaml", "", 3, (0.0, 0.0, 0.1, 0.9), dict.fromkeys(arms, ""), True)
    folder.save_record(record)
    for arm, pin in arms.items():
        os.symlink(full_workspace(pin), folder.workspace(arm))
        name = run_id(arm, "n", 0)
        results = run_folder(tmp_path / "any.pt", f"outer/grid/runs/{name}/results")
        wanted = Wanted({"seed": 0}, "n", base=False, quick=False, commit="", edited=(), cfg="", data="")
        folder.save_run(name, Run(0, wanted, save_dir=str(results), trained=True))
    return grid


@pytest.mark.parametrize("below", ["", "results", "results/weights/best.pt"], ids=["run", "results", "checkpoint"])
def test_a_run_of_a_grid_is_built_by_the_workspace_of_its_arm(grid_of_two_arms, full_workspace, tmp_path, below):
    os.symlink(full_workspace(PIN) / ".git", tmp_path / "outer" / ".git")  # the grid lies in another workspace
    runs = [grid_of_two_arms / "runs" / name / below for name in ("base-n-0", "a_+n-n-0")]
    items = find_items([f"{label}={run}" for label, run in zip("AB", runs)], None, None)
    assert [item.workspace.pin.name for item in items] == [PIN, OTHER_PIN]
    drawn = [find_item(f"{label}={run}", None) for label, run in zip("AB", runs)]
    assert [item.checkout.pin.name for item in drawn] == [PIN, OTHER_PIN]
    assert [item.path for item in drawn] == [item.file for item in items]
    assert {item.file.name for item in items} == {"best.pt"}


def test_a_run_of_a_grid_whose_workspace_is_gone_needs_the_name_of_one(grid_of_two_arms, full_workspace):
    (grid_of_two_arms / "workspaces" / "base").unlink()
    run = str(grid_of_two_arms / "runs" / "base-n-0")
    with pytest.raises(UsageError, match="lies in no workspace"):
        find_items([run], None, None)
    (item,) = find_items([run], full_workspace(PIN), None)
    assert (item.name, item.workspace.pin.name) == ("grid/base-n-0", PIN)


def test_a_run_is_found_in_one_way_by_compare_and_by_the_figures(run_folder, full_workspace, tmp_path):
    workspace = full_workspace(PIN)
    (tmp_path / "any.pt").touch()
    run = run_folder(tmp_path / "any.pt")
    (run / "results.csv").unlink()  # as while its first epoch goes on, or where somebody kept the weights alone
    (item,) = find_items([f"ours={run}"], workspace, None)
    drawn = find_item(f"ours={run}", workspace)
    assert (item.name, item.file) == (drawn.name, drawn.path) == ("ours", run / "weights" / "best.pt")
    assert item.metrics is None
    (run / "weights" / "best.pt").rename(run / "last.pt")
    assert find_item(str(run), workspace).path == run / "last.pt"
    assert find_item(str(run), workspace).name == "train"


def test_the_figures_find_the_workspace_of_a_run_of_reproduce(run_folder, full_workspace, tmp_path, monkeypatch):
    (tmp_path / "any.pt").touch()
    results = run_folder(tmp_path / "any.pt", "elsewhere/train")
    run = tmp_path / "post" / "runs" / "1"
    run.mkdir(parents=True)
    os.symlink(full_workspace(PIN), tmp_path / "post" / "workspace")
    wanted = Wanted({}, "n", base=False, quick=True, commit="", edited=(), cfg="", data="")
    (run / RECORD).write_bytes(write_run(Run(1, wanted, save_dir=str(results)), run, tmp_path / "post"))
    monkeypatch.chdir(tmp_path)
    item = find_item("post/runs/1", None)
    assert (item.name, item.path) == ("post/1", results / "weights" / "best.pt")
    assert item.checkout.pin.name == PIN


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("0, 0.1, 0.2, 0.3, 0.4\n1, 0.2, 0.3, 0.4, 0.5\n", (2, 2, 0.5, "mine.yaml")),
        ("0, 0.1, 0.2, 0.3, 0.4\n1, nan, 0.3, 0.4, 0.5\n", (1, 2, 0.4, "mine.yaml")),
        ("0, 0.1, 0.2, 0.3, 0.4\n1, 0.2, 0.3, 0.4, 0.5", (1, 1, 0.4, "mine.yaml")),  # killed in the last line
    ],
)
def test_the_metrics_of_yolov5_are_read_from_its_columns(rows, found, tmp_path):
    head = "epoch, metrics/precision, metrics/recall, metrics/mAP_0.5,metrics/mAP_0.5:0.95\n"
    (tmp_path / "results.csv").write_text(head + rows)
    (tmp_path / "opt.yaml").write_text("data: mine.yaml\n")
    metrics, _ = read_training(tmp_path)
    assert (metrics.epoch, metrics.epochs, metrics.map50_95, metrics.data) == found


@pytest.mark.parametrize("text", ["", "epoch,metrics/accuracy_top1\n1,0.5\n"])
def test_a_run_without_boxes_has_no_metrics(text, tmp_path):
    (tmp_path / "results.csv").write_text(text)
    assert read_training(tmp_path)[0] is None


@pytest.mark.slow
def test_models_of_two_workspaces_are_measured_in_a_process_each(spawn, full_workspace, base_cfg, tmp_path):
    items = []
    for pin, model in ((PIN, "yolo11"), ("ultralytics-8.4.0", "yolo26")):
        place = Path(shutil.copytree(full_workspace(pin), tmp_path / pin))
        items.append(shutil.copy(base_cfg(model, "n"), place))
    ran = spawn("compare", *items, "--imgsz", 64, "--batch", 2)
    assert ran.code == 0, ran.err
    assert "one process for each workspace" in " ".join(ran.out.split())
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "task", "code", "said"),
    [
        ("model", "segment", 2, "the models are of several tasks"),
        ("state", "detect", 1, "holds tensors but no model"),
        ("nan", "detect", 1, "has weights that are not finite"),
    ],
)
def test_a_checkpoint_that_cannot_be_compared_is_named(
    form, task, code, said, spawn, full_workspace, base_cfg, checkpoint, tmp_path
):
    weights, out = checkpoint(PIN, form=form, task=task), tmp_path / "out"
    words = (base_cfg("yolo11", "n"), weights, "--workspace", full_workspace(PIN), "--imgsz", 64, "--out", out)
    ran = spawn("compare", *words)
    assert ran.code == code, ran.err
    assert said in ran.err
    assert not out.exists()


@pytest.fixture
def refused(yolopatch, tmp_path, fingerprint, monkeypatch):
    """Compare in a folder that has to stay as it is; gives the exit code and the error as JSON."""

    def call(*words: object) -> tuple[int, dict]:
        monkeypatch.chdir(tmp_path)
        before = fingerprint(tmp_path)
        ran = yolopatch("compare", *words, "--json")
        assert fingerprint(tmp_path) == before
        return ran.code, json.loads(ran.out)["error"]

    return call


@pytest.mark.parametrize("item", ["gone.yaml", "gone.pt", "gone", "A=gone.pt", "A=", "runs/detect/train"])
def test_an_item_that_does_not_exist_is_a_usage_error(item, refused, tmp_path):
    code, error = refused(item, "--out", "new/tables")
    assert code == 2
    assert error["what"].startswith("no model YAML, checkpoint or folder of a run")
    assert error["details"] == [f"looked for: {tmp_path / item.removeprefix('A=')}"]


def test_a_name_that_is_empty_is_a_usage_error(refused):
    code, error = refused("=a.yaml")
    assert (code, error["what"]) == (2, "=a.yaml has no name in front of the =")


def test_a_yaml_outside_of_every_workspace_is_a_usage_error(refused, base_cfg):
    code, error = refused(f"A={base_cfg('yolo11', 'n').name}")
    assert code == 2
    assert "lies in no workspace" in error["what"]
    assert "yolopatch compare --workspace WORKSPACE A=yolo11n.yaml" in error["hint"]


def test_models_of_two_tasks_are_refused_before_anything_runs(refused, base_cfg, full_workspace):
    items = base_cfg("yolo11", "n"), base_cfg("yolo11", "n", "segment")
    code, error = refused(*items, "--workspace", full_workspace(PIN), "--python", "/no/python", "--out", "new")
    assert code == 2
    assert error["what"].startswith("the models are of several tasks")
    assert error["details"] == ["yolo11n: detect", "yolo11n-seg: segment"]


def test_two_items_of_one_name_are_a_usage_error_with_the_command_that_names_them(
    refused, base_cfg, full_workspace, tmp_path
):
    cfg = base_cfg("yolo11", "n")
    (tmp_path / "other").mkdir()
    shutil.copy(cfg, tmp_path / "other")
    code, error = refused(cfg.name, f"other/{cfg.name}", "--workspace", full_workspace(PIN))
    assert (code, error["what"]) == (2, "2 items have the name yolo11n")
    assert error["hint"].endswith("yolopatch compare A=yolo11n.yaml B=other/yolo11n.yaml")


def test_a_folder_that_holds_runs_is_a_usage_error_that_names_them(refused, run_folder, tmp_path):
    (tmp_path / "no.pt").touch()
    run_folder(tmp_path / "no.pt", "runs/detect/train")
    code, error = refused("runs")
    assert (code, error["what"]) == (2, "runs is not the folder of a run")
    assert error["hint"] == "name a run in it: runs/detect/train"


def test_a_run_without_a_checkpoint_and_another_csv_are_usage_errors(refused, run_folder, full_workspace, tmp_path):
    (tmp_path / "no.pt").touch()
    run = run_folder(tmp_path / "no.pt")
    (run / "weights" / "best.pt").unlink()
    assert refused("train")[1]["what"] == "train has no checkpoint"
    run_folder(tmp_path / "no.pt", "mine", "a,b\n1,2\n")
    code, error = refused("mine", "--workspace", full_workspace(PIN))
    assert code == 2
    assert "is not a results.csv of upstream: it has no column 'epoch'" in error["what"]


def test_files_that_exist_are_kept_unless_they_may_be_overwritten(refused, base_cfg, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "table.csv").write_text("mine\n")
    code, error = refused(base_cfg("yolo11", "n"), "--out", "out")
    assert (code, error["what"]) == (3, "out/table.csv already exists; nothing was changed")
    (tmp_path / "file").touch()
    assert refused("any.yaml", "--out", "file/tables")[0] == 2


@pytest.mark.parametrize("words", [("--imgsz", 100), ("--batch", 0), ("--device", "gpu")])
def test_a_value_that_no_model_runs_with_is_a_usage_error(words, refused, base_cfg, full_workspace):
    assert refused(base_cfg("yolo11", "n"), "--workspace", full_workspace(PIN), *words)[0] == 2
