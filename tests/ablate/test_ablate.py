"""`yolopatch ablate`: real grids on generated images, refused ones, and killed ones."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from yolopatch.core.ablate.record import GridRecord
from yolopatch.core.training.run import RECORD, Attempt, Run, Wanted, read_run
from yolopatch.outside.ablate.grid_folder import GRID as GRID_FILE
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.outside.files import staging
from yolopatch.steps.ablate.ablate import Records
from yolopatch.steps.engines.engine import Failed

from ..grids import OF_ULTRALYTICS, OF_YOLOV5, PIN, grid_text


@pytest.fixture
def grid(yolopatch, need_pin, compat_option, tmp_path):
    """Write a grid of four short runs; returns its file."""

    def write(pin: str = PIN, more: str = OF_ULTRALYTICS) -> Path:
        need_pin(pin)
        assert yolopatch("data", "shapes", "--out", tmp_path / "shapes", "--images", 8).code == 0
        file = tmp_path / "grid.toml"
        compat = bool(compat_option(pin)) or pin.startswith("yolov5")
        file.write_text(grid_text(pin, compat=compat, more=more), "utf-8")
        return file

    return write


@pytest.fixture
def refused(yolopatch, grid, tmp_path):
    """Change a grid's text, and give what the command says of it; nothing may be made."""

    def check(*changes: tuple[str, str], code: int = 2) -> str:
        file = grid()
        text = file.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, "utf-8")
        ran = yolopatch("ablate", file, "--dest", tmp_path / "out")
        assert ran.code == code, ran.err
        assert not (tmp_path / "out" / "runs").exists()
        return ran.err

    return check


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"SPConv"]\npl', '"SPCnov"]\npl', "did you mean SPConv"),
        ('"SPConv"]\npl', '"SPCnov"]\npl', "of the arm SPConv\n"),
        ('"SPConv"]\npl', '"SPConv"]\nflavor = "poper"\npl', "poper"),
        ("backbone-down", "backbone-up", "of the arm SPConv, scale n"),
        ('["n"]', '["q"]', "'q' is not one scale of yolo11"),
        ('["n"]', '["all"]', "is not one scale of yolo11"),
        (f'"{PIN}"', '"yolo99"', "unknown model of the grid"),
        ('name = "SPConv"\n', 'name = "SPConv"\ncfg = "gone.yaml"\n', "a YAML of its own and placements"),
        ("[train]", '[start]\nweights = "gone.pt"\n[train]', "there is no"),
        ("epochs = 2", "epochs = 0", "expected: a whole number of 1 or more"),
        ("epochs = 2", 'epochs = "many"', "[train]: epochs is not as it must be"),
    ],
)
def test_what_the_catalog_does_not_have_is_said_before_anything_is_made(refused, tmp_path, old, new, said):
    assert said in refused((old, new))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "said", "code"),
    [
        ("imgsz = 64", "img_size = 64", "unknown training argument", 2),
        ("imgsz = 64", 'imgsz = "large"', "expected: a number; upstream's own is 640", 2),
        ("imgsz = 64", 'imgsz = 64\nlr0 = "1e-2 "', "[train] lr0 is the text '1e-2 '", 2),
        ("shapes/data.yaml", "gone.yaml", "there is no data file gone.yaml", 2),
        ('device = "cpu"', 'device = "0,1"', "a run has one device", 2),
        ('device = "cpu"', "device = 7", "but torch finds", 1),
    ],
)
def test_what_upstream_does_not_take_is_said_before_anything_trains(refused, old, new, said, code):
    assert said in refused((old, new), code=code)


def test_a_checkpoint_in_the_place_of_an_arms_yaml_is_called_one(refused, tmp_path):
    (tmp_path / "best.pt").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 40)
    said = refused(('module = ["SPConv"]\nplacement = ["backbone-down"]', 'cfg = "best.pt"'))
    assert "of the arm SPConv, scale n" in said
    assert "an archive, as checkpoints are" in said
    assert "next: name the YAML of its model" in said


def test_a_dry_run_says_what_would_be_trained_and_writes_nothing(grid, yolopatch, tmp_path):
    file = grid()
    ran = yolopatch("ablate", file, "--dest", tmp_path / "out", "--dry-run", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert [run["id"] for run in found["runs"]] == ["base-n-0", "SPConv-n-0", "base-n-1", "SPConv-n-1"]
    ran = yolopatch("ablate", file, "--dest", tmp_path / "out", "--dry-run")
    assert "4 runs" in ran.out
    assert "no difference can be told from chance" in ran.out
    assert not (tmp_path / "out").exists()


def test_a_grid_of_one_arm_has_nothing_to_compare(grid, yolopatch, tmp_path):
    file = grid()
    text = file.read_text("utf-8")
    start, end = text.index('[[arm]]\nname = "SPConv"'), text.index("[train]")
    file.write_text(text[:start] + text[end:], "utf-8")
    ran = yolopatch("ablate", file, "--dest", tmp_path / "out", "--dry-run")
    assert ran.code == 0, ran.err
    assert "2 runs" in ran.out
    assert "from chance" not in ran.out


def test_files_for_a_tracker_that_no_node_has_are_refused_for_a_cluster(grid, yolopatch, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///runs.db")
    cluster = ("--engine", "ray", "--address", "auto", "--tracker", "MLflow")
    ran = yolopatch("ablate", grid(), "--dest", tmp_path / "out", *cluster)
    assert ran.code == 1
    assert "MLFLOW_TRACKING_URI names files of this machine" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_left_alone(grid, yolopatch, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    ran = yolopatch("ablate", grid(), "--dest", tmp_path / "out")
    assert ran.code == 3
    assert "notes.txt" in ran.err
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_an_arm_that_is_not_in_the_grid_is_refused(grid, yolopatch, tmp_path):
    ran = yolopatch("ablate", grid(), "--dest", tmp_path / "out", "--only", "DSConv")
    assert ran.code == 2
    assert "it has: base, SPConv" in ran.err


RESULTS = """\
epoch,time,train/box_loss,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),metrics/mAP50-95(B)
1,1.0,3.0,0.1,0.2,0.3,{best}
"""


@pytest.fixture
def trained(grid, tmp_path):
    """The folder of a grid as its trainings leave it."""
    folder = GridFolder(tmp_path / "out")
    folder.path.mkdir()
    shutil.copy(grid(), folder.path / GRID_FILE)
    record = GridRecord("0.1.0", str(tmp_path), PIN, "data.yaml", "", 3, (0.0, 0.0, 0.1, 0.9), {}, True)
    folder.save_record(record)
    wanted = Wanted({}, "n", base=False, quick=False, commit="c" * 40, edited=(), cfg="", data="")
    attempt = Attempt("2026-01-02", None, {"host": "here"})
    for number, name in enumerate(("base-n-0", "SPConv-n-0", "base-n-1", "SPConv-n-1")):
        place = folder.run(name) / "results"
        place.mkdir(parents=True)
        (place / "results.csv").write_text(RESULTS.format(best=0.2 + number / 10))
        folder.save_run(name, Run(0, wanted, (attempt,), str(place), trained=True))
    return folder.path


@pytest.mark.parametrize("how", [shutil.move, shutil.copytree], ids=["moved", "copied"])
def test_a_grid_that_is_moved_or_copied_takes_its_runs_along(trained, how, yolopatch, tmp_path):
    before = json.loads(yolopatch("ablate", trained, "--table", "--json").out)
    assert [row["mAP50-95"]["mean"] for row in before["table"]] == pytest.approx([0.3, 0.4])
    how(trained, tmp_path / "there")
    for file in trained.glob("runs/*/results/results.csv"):
        file.write_text("of another grid\n")  # nobody reads the first one any more
    ran = yolopatch("ablate", tmp_path / "there", "--table", "--json")
    assert ran.code == 0, ran.err
    after = json.loads(ran.out)
    assert (after["table"], after["runs"]) == (before["table"], before["runs"])
    assert {str(tmp_path / "there") in file for file in after["files"]} == {True}


def test_a_table_that_cannot_be_written_does_not_look_like_lost_trainings(trained, yolopatch, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(staging, "move", full)
    ran = yolopatch("ablate", trained, "--table")
    assert ran.code == 1
    assert f"kept: {trained}; the same command goes on from it" in ran.err
    assert "nothing was changed" not in ran.err
    assert not list(trained.glob("table.*"))


def test_a_run_whose_record_could_not_be_written_has_failed_and_is_no_run_to_come(trained, yolopatch):
    folder = GridFolder(trained)
    begun = replace(folder.read_run("base-n-1"), trained=False)
    shutil.rmtree(folder.run("base-n-1"))
    Records(folder, {"base-n-1": begun}).keep_reason(Failed("base-n-1", "[Errno 13] Permission denied"))
    ran = yolopatch("ablate", trained, "--table", "--json")
    assert ran.code == 4
    found = {run["id"]: run for run in json.loads(ran.out)["runs"]}
    assert (found["base-n-1"]["status"], found["base-n-1"]["why"]) == ("failed", "[Errno 13] Permission denied")


HEAD = RESULTS.partition("\n")[0]


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"a,b\n1,2\n", "failed", "it has no column 'epoch'"),
        (RESULTS.format(best=0.2).encode("utf-16"), "failed", "it has no column 'epoch'"),
        (b"\x00" * 4096 + b"\n1\n", "failed", "it has no column 'epoch'"),
        (b"", "done", ""),
        (HEAD.encode(), "done", ""),
        (f"{HEAD}\n1,1.0,nan,nan,nan,nan,nan\n".encode(), "done", ""),
        (f"{HEAD}\n1,1.0,inf,inf,inf,inf,1e999\n".encode(), "done", ""),
        (f"{HEAD}\nnan,x,y,z,,\n,,,,,,\n".encode(), "done", ""),
    ],
    ids=["other columns", "utf-16", "zeros", "empty", "a head", "nan", "infinite", "no numbers"],
)
def test_results_that_upstream_did_not_write_fail_their_run_alone(trained, yolopatch, content, status, said):
    (trained / "runs" / "base-n-1" / "results" / "results.csv").write_bytes(content)
    ran = yolopatch("ablate", trained, "--table", "--json")
    assert ran.code == (0 if status == "done" else 4), ran.err
    found = {run["id"]: run for run in json.loads(ran.out)["runs"]}
    assert found["base-n-1"]["status"] == status
    assert said in found["base-n-1"]["why"]
    assert [found[name]["status"] for name in ("base-n-0", "SPConv-n-0", "SPConv-n-1")] == ["done"] * 3
    base = json.loads(ran.out)["table"][0]
    assert base["mAP50-95"]["mean"] == pytest.approx(0.2)  # of the other run


@pytest.mark.parametrize("value", [None, "x", [1], {"a": 1}, float("nan")], ids=str)
@pytest.mark.parametrize("key", ["attempts", "trained", "seconds", "why", "wanted", "save_dir"])
def test_a_record_that_was_edited_by_hand_is_no_run_or_is_read(trained, yolopatch, key, value):
    file = trained / "runs" / "base-n-1" / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
    ran = yolopatch("ablate", trained, "--table", "--json")
    assert ran.code in (0, 4), ran.err
    found = {run["id"]: run["status"] for run in json.loads(ran.out)["runs"]}
    assert [found[name] for name in ("base-n-0", "SPConv-n-0", "SPConv-n-1")] == ["done"] * 3


def results(folder: Path) -> dict[str, str]:
    """What upstream wrote of each run's metrics, by run."""
    return {file.parents[1].name: file.read_text() for file in folder.glob("runs/*/results/results.csv")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pin", "more"),
    [
        (PIN, OF_ULTRALYTICS),
        ("ultralytics-8.2.50", OF_ULTRALYTICS),
        ("ultralytics-8.4.0", OF_ULTRALYTICS),
        ("yolov5-pypi-6.1.0", OF_YOLOV5),
        ("yolov5-6.1", OF_YOLOV5),
    ],
)
def test_a_grid_is_trained_once_and_gives_a_table(grid, yolopatch, tmp_path, pin, more):
    file, folder = grid(pin, more), tmp_path / "out"
    ran = yolopatch("ablate", file, "--dest", folder, "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert [run["status"] for run in found["runs"]] == ["done"] * 4
    assert found["differences"] == []
    base, arm = found["table"]
    assert (base["verdict"], arm["verdict"]) == ("baseline", "too few seeds")
    assert base["parameters"] != arm["parameters"]
    assert base["latency_ms"] > 0
    texts = results(folder)
    assert len(set(texts.values())) == 4  # every seed and every arm trained otherwise
    assert (folder / "table.tex").read_text("utf-8").count(r"\toprule") == 1
    again = yolopatch("ablate", folder, "--json")
    assert again.code == 0, again.err
    assert results(folder) == texts
    assert [run["attempts"] for run in json.loads(again.out)["runs"]] == [1] * 4
    assert json.loads(yolopatch("ablate", folder, "--table", "--json").out)["table"] == found["table"]


@pytest.mark.slow
def test_more_seeds_are_added_and_other_arguments_refused(grid, yolopatch, tmp_path):
    file, folder = grid(), tmp_path / "out"
    text = file.read_text("utf-8")
    file.write_text(text.replace("[0, 1]", "[0]"), "utf-8")
    assert yolopatch("ablate", file, "--dest", folder, "--no-measure").code == 0
    first = results(folder)
    file.write_text(text.replace("epochs = 2", "epochs = 3"), "utf-8")
    ran = yolopatch("ablate", file, "--dest", folder, "--no-measure")
    assert ran.code == 3
    assert "epochs: 2 there, 3 in the grid" in ran.err
    file.write_text(text, "utf-8")
    ran = yolopatch("ablate", file, "--dest", folder, "--no-measure", "--only", "base", "--json")
    assert ran.code == 0, ran.err
    assert [run["status"] for run in json.loads(ran.out)["runs"]] == ["done", "done", "done", "pending"]
    assert {name: results(folder)[name] for name in first} == first


@pytest.mark.slow
def test_what_the_runs_start_from_is_said_before_the_first_one(grid, yolopatch, tmp_path):
    file = grid()
    text = file.read_text("utf-8").replace("[0, 1]", "[0]").replace("epochs = 2", "epochs = 1")
    file.write_text(text, "utf-8")
    assert yolopatch("ablate", file, "--dest", tmp_path / "out", "--no-measure", "--only", "base").code == 0
    shutil.copy(tmp_path / "out" / "runs" / "base-n-0" / "results" / "weights" / "best.pt", tmp_path / "start.pt")
    file.write_text(f'{text}\n[start]\nweights = "start.pt"\n', "utf-8")
    ran = yolopatch("ablate", file, "--dest", tmp_path / "next", "--no-measure", "--only", "base")
    assert ran.code == 0, ran.err
    assert ran.err.count("base, scale n, starts from start.pt: ") == 1
    assert ran.err.index("starts from start.pt") < ran.err.index("done in")


@pytest.mark.slow
def test_a_run_that_fails_stands_in_the_table_and_is_tried_again(grid, yolopatch, tmp_path):
    file, folder = grid(more=f'{OF_ULTRALYTICS}\noptimizer = "nobody"'), tmp_path / "out"
    for attempts in (1, 2):
        ran = yolopatch("ablate", file, "--dest", folder, "--only", "base", "--no-measure", "--json")
        assert ran.code == 4
        found = {run["id"]: run for run in json.loads(ran.out)["runs"]}
        for name in ("base-n-0", "base-n-1"):  # the first that failed stopped no other
            assert (found[name]["status"], found[name]["attempts"]) == ("failed", attempts)
            assert "'nobody' not found" in found[name]["why"]
        assert found["SPConv-n-0"]["status"] == "pending"
        assert "Failed: base at scale n, seeds 0 and 1" in (folder / "table.md").read_text("utf-8")


def trainings_in(folder: Path) -> list[int]:
    """The processes that train in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode().split("\0")
            if any("__main__.py" in word for word in command) and os.readlink(entry / "cwd").startswith(str(folder)):
                found.append(int(entry.name))
        except OSError:  # it has just ended
            continue
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_a_grid_that_is_ended_goes_on_and_leaves_no_process(grid, yolopatch, popen, tmp_path, how):
    file, folder = grid(), tmp_path / "out"
    with popen("ablate", file, "--dest", folder, "--no-measure") as driver:
        until = time.monotonic() + 240
        # upstream writes it after last.pt, which is then whole
        while not (folder / "runs" / "base-n-0" / "results" / "weights" / "best.pt").exists():
            assert time.monotonic() < until, "waited in vain for a checkpoint"
            assert driver.poll() is None, driver.communicate()
            time.sleep(0.05)
        driver.send_signal(how)
        _, told = driver.communicate(timeout=60)
    if how == signal.SIGINT:
        assert driver.returncode == 130
        assert f"go on with: yolopatch ablate {file} --dest {folder}" in told
    until = time.monotonic() + 20
    while trainings_in(folder) and time.monotonic() < until:
        time.sleep(0.2)
    assert trainings_in(folder) == []
    ran = yolopatch("ablate", file, "--dest", folder, "--no-measure", "--json")
    assert ran.code == 0, ran.err
    assert [run["status"] for run in json.loads(ran.out)["runs"]] == ["done"] * 4
    first = read_run((folder / "runs" / "base-n-0" / RECORD).read_bytes(), folder)
    assert first.trained
    done_before = len(first.attempts) == 1  # the signal came right after its last epoch
    assert done_before or first.attempts[-1].resumed
