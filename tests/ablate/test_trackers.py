"""`--tracker`: refused in time, or every run is where the user looks, under its name and with its tags."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from yolopatch.catalog.environment.trackers import COMET, MLFLOW, TENSORBOARD, TRACKERS, WANDB, find_tracker
from yolopatch.catalog.pins import PINS
from yolopatch.core.training.results import read_results
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.steps.training.tracking import require_tracker, where_to_look

PIN = "ultralytics-8.3.0"
GRID = """
model = "{pin}"
scales = ["n"]
data = "shapes/data.yaml"
seeds = [0]
compat = {compat}

[[arm]]
name = "SPConv, 卷积"
module = ["SPConv"]

[train]
epochs = 1
imgsz = 64
workers = 0
device = "cpu"
{more}
"""
RUN = "SPConv__卷积-n-0"
_MORE = {"ultralytics": "batch = 4\nplots = false", "yolov5": "batch_size = 4"}


@pytest.fixture
def grid(yolopatch, need_pin, compat_option, tmp_path):
    """Write a grid of one run of one epoch, with its images or without; returns its file."""

    def write(pin: str = PIN, images: int = 0) -> Path:
        if images:
            need_pin(pin)
            assert yolopatch("data", "shapes", "--out", tmp_path / "shapes", "--images", images).code == 0
        style = PINS[pin].layout.style
        compat = "true" if compat_option(pin) or style == "yolov5" else "false"  # v6.1 trains with no newer torch
        more = _MORE[style]
        (tmp_path / "paper.toml").write_text(GRID.format(pin=pin, compat=compat, more=more), "utf-8")
        return tmp_path / "paper.toml"

    return write


@pytest.fixture
def interpreter():
    """An interpreter with these packages and nothing else."""

    def make(*packages: str) -> Interpreter:
        versions = dict.fromkeys(packages, "1.0")
        return Interpreter("3.11.9", "/env", True, True, versions, {}, {}, {}, "", "/env/bin/python")

    return make


def test_an_unknown_tracker_is_said_with_the_nearest_name_and_nothing_is_made(grid, yolopatch, tmp_path):
    file = grid()
    for name in ("tensorbord", "TensorBoards", "weights", "ml-flo", "coment"):
        ran = yolopatch("ablate", file, "--dest", tmp_path / "out", "--tracker", name)
        assert ran.code == 2
        assert "known: tensorboard, wandb, mlflow, clearml, comet" in ran.err
    assert "did you mean comet?" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["TensorBoard", "WANDB", "ClearML", "MLflow", "Comet"])
def test_a_trackers_own_spelling_is_understood(name):
    assert find_tracker(name, PINS[PIN]).name == name.lower()


def test_yolov5_has_loggers_for_two_of_them(grid, yolopatch, tmp_path):
    pin = PINS["yolov5-pypi-6.1.0"]
    assert [one for one in TRACKERS if _is_of(one, pin)] == ["tensorboard", "wandb"]
    ran = yolopatch("ablate", grid(pin.name), "--dest", tmp_path / "out", "--tracker", "mlflow", "--dry-run")
    assert ran.code == 2
    assert "yolov5-pypi-6.1.0 has no logger for MLflow" in ran.err
    assert "--tracker tensorboard" in ran.err


def _is_of(name: str, pin) -> bool:
    try:
        return bool(find_tracker(name, pin))
    except UsageError:
        return False


def test_a_tracker_where_nothing_is_run_is_refused(grid, yolopatch, tmp_path):
    ran = yolopatch("ablate", grid(), "--dest", tmp_path / "out", "--tracker", "mlflow", "--table")
    assert (ran.code, "nothing is run" in ran.err) == (2, True)
    ran = yolopatch("reproduce", "yolo26-refconv", "--dest", tmp_path / "out", "--tracker", "mlflow")
    assert (ran.code, "--tracker needs --run" in ran.err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", TRACKERS)
def test_a_missing_package_is_said_with_the_command_that_installs_it(interpreter, name):
    package = TRACKERS[name].package
    with pytest.raises(YolopatchError, match="nothing was trained") as caught:
        require_tracker(TRACKERS[name], interpreter("torch"))
    assert caught.value.hint == f"/env/bin/python -m pip install {package}"
    require_tracker(TRACKERS[name], interpreter("torch", package))


def test_the_small_package_of_mlflow_is_enough(interpreter):
    require_tracker(MLFLOW, interpreter("mlflow-skinny"))


@pytest.mark.parametrize(
    ("tracker", "variable", "value"),
    [
        (WANDB, "WANDB_MODE", "disabled"),
        (WANDB, "WANDB_DISABLED", "True"),
        (WANDB, "WANDB_RUN_ID", "abc"),
        (MLFLOW, "MLFLOW_RUN_ID", "abc"),
        (COMET, "COMET_MODE", "disabled"),
        (COMET, "COMET_EXPERIMENT_KEY", "abc"),
    ],
)
def test_a_variable_of_the_users_that_is_in_the_way(interpreter, monkeypatch, tracker, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(YolopatchError, match=variable) as caught:
        require_tracker(tracker, interpreter(tracker.package))
    assert caught.value.hint == f"unset {variable}"


def test_the_user_is_told_where_the_files_are(interpreter, monkeypatch):
    python, places = interpreter(), (Path("/grid/runs"), Path("/grid/mlflow"))
    assert where_to_look(None, python, *places) == ()
    assert where_to_look(WANDB, python, *places) == ()
    (said,) = where_to_look(TENSORBOARD, python, *places)
    assert said.endswith("/env/bin/python -m tensorboard.main --logdir /grid/runs")
    assert "/grid/mlflow" in where_to_look(MLFLOW, python, *places)[0]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@host")
    assert where_to_look(MLFLOW, python, *places) == ()


@pytest.fixture
def tracked(grid, yolopatch, tmp_path, monkeypatch):
    """Train one run in a tracker, without a network; gives the folder of the grid, and the tags that it must have."""

    def train(tracker: str, pin: str) -> tuple[Path, dict[str, str]]:
        # upstream switches its callbacks off where it finds pytest
        monkeypatch.delenv("PYTEST_CURRENT_TEST")
        monkeypatch.setenv("WANDB_MODE", "offline")
        monkeypatch.setenv("COMET_START_ONLINE", "0")
        monkeypatch.setenv("CLEARML_OFFLINE_MODE", "1")
        monkeypatch.setenv("CLEARML_CACHE_DIR", str(tmp_path / "clearml"))
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "a secret of mine")
        file, folder = grid(pin, images=8), tmp_path / "paper"
        words = ("ablate", file, "--dest", folder, "--no-measure", "--python", sys.executable, "--json")
        ran = yolopatch(*words, "--tracker", tracker)
        assert ran.code == 0, ran.err
        (run,) = json.loads(ran.out)["runs"]
        for record in (folder / "runs" / RUN / "run.json", folder / "ablation.json"):
            assert "a secret of mine" not in record.read_text("utf-8")
        # a tracker is no part of what a run is
        again = yolopatch(*words)
        assert again.code == 0, again.err
        assert json.loads(again.out)["runs"] == [run]
        tags = {"group": "paper", "arm": "SPConv, 卷积", "scale": "n", "seed": "0", "commit": run["commit"]}
        return folder, tags

    return train


def map50_95(folder: Path) -> float:
    """The mAP50-95 that upstream wrote of the run's only epoch."""
    (row,) = read_results((folder / "runs" / RUN / "results" / "results.csv").read_text())
    return next(value for key, value in row.items() if "0.95" in key or "50-95" in key)


@pytest.mark.slow
@pytest.mark.parametrize("tracker", ["comet", "clearml"])  # both draw random numbers, or seed them
def test_a_tracker_changes_nothing_of_the_training(tracked, yolopatch, tmp_path, tracker):
    pytest.importorskip("comet_ml" if tracker == "comet" else tracker)
    folder, _ = tracked(tracker, PIN)
    plain = tmp_path / "plain"
    words = ("ablate", tmp_path / "paper.toml", "--dest", plain, "--no-measure", "--python", sys.executable)
    assert yolopatch(*words).code == 0
    with_tracker, without = (
        read_results((one / "runs" / RUN / "results" / "results.csv").read_text()) for one in (folder, plain)
    )
    assert [{**row, "time": 0} for row in with_tracker] == [{**row, "time": 0} for row in without]


@pytest.mark.slow
@pytest.mark.parametrize("pin", [PIN, "ultralytics-8.4.0", "yolov5-pypi-6.1.0"])
def test_tensorboard_has_the_curves_in_the_runs_folder_and_the_tags_as_a_text(tracked, pin):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    folder, tags = tracked("tensorboard", pin)
    events = accumulator.EventAccumulator(str(folder / "runs" / RUN / "results"))
    events.Reload()
    scalar = next(tag for tag in events.Tags()["scalars"] if "50-95" in tag or "0.95" in tag)
    assert [one.value for one in events.Scalars(scalar)][-1] == pytest.approx(map50_95(folder), abs=1e-4)
    (text,) = (one for one in events.Tags()["tensors"] if one.startswith("tags"))
    table = events.Tensors(text)[0].tensor_proto.string_val[0].decode()
    assert all(f"| {key} | {value} |" in table for key, value in tags.items())


@pytest.mark.slow
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", PIN, "ultralytics-8.4.0"])
def test_mlflow_has_the_run_in_its_files_with_the_tags(tracked, pin, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="needs mlflow or mlflow-skinny")
    folder, tags = tracked("mlflow", pin)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = mlflow.MlflowClient((folder / "mlflow").as_uri())
    (run,) = client.search_runs([client.get_experiment_by_name("paper").experiment_id])
    assert run.info.run_name == RUN
    assert run.info.status == "FINISHED"
    assert {key: run.data.tags[key] for key in tags} == tags
    assert run.data.metrics["metrics/mAP50-95B"] == pytest.approx(map50_95(folder), abs=1e-4)
    assert run.data.params["name"] == "results"  # upstream saves where it did


@pytest.mark.slow
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", "ultralytics-8.4.0", "yolov5-pypi-6.1.0"])
def test_wandb_keeps_the_run_for_a_later_upload(tracked, pin):
    pytest.importorskip("wandb")
    folder, tags = tracked("wandb", pin)
    (file,) = (folder / "runs" / RUN / "wandb").glob("offline-run-*/run-*.wandb")
    data = file.read_bytes()
    words = [f"{key}:{value}".replace(",", " ") for key, value in tags.items()]
    assert all(word.encode() in data for word in [*words, RUN, "paper"])
    assert not list((folder / "workspaces").glob("*/wandb"))


@pytest.mark.slow
@pytest.mark.parametrize("pin", [PIN, "ultralytics-8.4.0"])
def test_comet_keeps_the_experiment_for_a_later_upload(tracked, pin):
    pytest.importorskip("comet_ml")
    folder, tags = tracked("comet", pin)
    (file,) = (folder / "runs" / RUN).glob("*.zip")
    with zipfile.ZipFile(file) as archive:
        text = "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    for said in [f"{key}:{value}" for key, value in tags.items()] + [RUN, "paper"]:
        assert said in text or json.dumps(said)[1:-1] in text


@pytest.mark.slow
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", "ultralytics-8.4.0"])
def test_clearml_keeps_the_task_for_a_later_upload(tracked, pin, tmp_path):
    pytest.importorskip("clearml")
    _, tags = tracked("clearml", pin)
    (file,) = (tmp_path / "clearml").rglob("*.zip")
    with zipfile.ZipFile(file) as archive:
        task = json.loads(archive.read("task.json"))
    assert (task["name"], task["project_name"]) == (RUN, "paper")
    assert {f"{key}:{value}" for key, value in tags.items()} <= set(task["tags"])
