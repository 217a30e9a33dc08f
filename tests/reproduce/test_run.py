"""`yolopatch reproduce --run`: trained to the end and compared, taken up where it was killed, or refused in time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from yolopatch.core.training.results import read_results

from ..serving import serving

PIN = "ultralytics-8.4.0"
# the least that trains: what is looked at is what happens around it
SMALL = ("--run", "--quick", "--no-measure", "--set", "imgsz=64", "--json")


@pytest.fixture
def run(yolopatch, need_pin, tmp_path):
    """Run a tutorial in its folder; returns what the command said."""

    def call(tutorial: str, *options: object, pin: str = PIN):
        need_pin(pin)
        return yolopatch("reproduce", tutorial, "--dest", tmp_path / "folder", *options)

    return call


def comparison(ran, name: str) -> dict:
    """One comparison of a run."""
    return next(one for one in ran.json["run"]["comparisons"] if one["name"] == name)


@pytest.mark.slow
def test_the_tutorials_refconv_is_measured_trained_and_its_zero_explained(run, tmp_path):
    ran = run("yolo26-refconv", "--run", "--quick", "--epochs", 2, "--set", "imgsz=64", "--json")
    assert ran.code == 0, ran.err  # what was expected of it came out
    checks = {check["id"]: check["status"] for check in ran.json["measured"]["verify"]["checks"]}
    assert checks["input-dependence"] == "fail"
    figures = ran.json["measured"]["figures"]
    assert (figures["n"]["parameters"], figures["x"]["parameters"]) == (2_571_320, 58_989_144)
    assert (figures["n"]["gflops_upstream"], round(figures["n"]["gflops_true"], 1)) == (8.2, 6.1)
    learnt = comparison(ran, "mAP50, training images")
    assert (learnt["expected"], learnt["found"], learnt["agrees"]) == ("0", "0.000", True)
    assert "input-dependence" in learnt["why"]
    assert ran.json["run"]["verdict"] == "the post's model does not learn, as predicted"
    summary = (tmp_path / "folder" / "runs" / "1" / "SUMMARY.md").read_text()
    assert summary.startswith("# yolo26-refconv, flavor `tutorial`: the post's model does not learn, as predicted\n")
    page = (tmp_path / "folder" / "REPRODUCE.md").read_text()
    assert page.count("| the same |") == 5
    assert "fail `input-dependence`" in page


@pytest.mark.slow
def test_a_run_ends_with_validation_prediction_both_exports_and_a_picture(run, checkpoint, tmp_path):
    begun = ("--weights", checkpoint(PIN))
    ran = run("yolo26-refconv", "--flavor", "paper", *SMALL, "--epochs", 2, *begun)
    told = ran.json["run"]
    # the base's checkpoint was transplanted, and all of it was there when the trainer took its first step
    assert told["arrived"] == {"tensors": 712, "equal": 712, "differing": []}
    assert comparison(ran, "initial weights")["agrees"]
    names = [one["name"] for one in told["comparisons"] if one["agrees"] is not None]
    assert names[:2] == ["parameters", "layers Conv_RefConv"]
    assert {"torchscript predicts", "onnx predicts", "epochs"} <= set(names)
    assert all(comparison(ran, name)["agrees"] for name in names)
    assert Path(told["curves"]).read_bytes()[:4] == b"\x89PNG"
    assert Path(told["weights"]).is_file()
    summary = Path(told["page"]).read_text()
    for said in (ran.json["commit"], told["wanted"]["data"], "seed | 0", "torch 2", "epochs: 10 in the post, 2 here"):
        assert said in summary
    # nobody knows what two epochs should give, and the summary does not pretend otherwise
    assert comparison(ran, "mAP50, training images")["agrees"] is None
    assert (ran.code, told["verdict"]) == (0, "as expected")

    again = run("yolo26-refconv", "--flavor", "paper", *SMALL, "--epochs", 2, *begun)
    assert "this run is finished already" in again.err
    assert again.json["run"]["attempts"] == told["attempts"]


@pytest.mark.more
def test_a_checkpoint_that_does_not_arrive_in_the_trainer_stops_the_run(run, checkpoint, tmp_path):
    made = run("yolo26-refconv", "--flavor", "paper", "--no-measure")
    assert made.code == 0
    trainer = tmp_path / "folder" / "workspace" / "ultralytics" / "models" / "yolo" / "detect" / "train.py"
    text = trainer.read_text()
    assert "            model.load(weights)\n" in text
    trainer.write_text(text.replace("            model.load(weights)\n", "            pass\n"))
    ran = run("yolo26-refconv", "--flavor", "paper", *SMALL, "--epochs", 2, "--weights", checkpoint(PIN))
    assert ran.code == 1
    assert "did not start from the checkpoint" in ran.err
    assert "expected: 712 tensors" in ran.err
    assert not list((tmp_path / "folder").rglob("last.pt"))


@pytest.mark.slow
def test_a_killed_run_goes_on_from_upstreams_last_checkpoint(need_pin, tmp_path):
    need_pin(PIN)
    words = ["reproduce", "yolo26-refconv", "--flavor", "paper", "--dest", str(tmp_path / "folder"), *SMALL]
    command = [sys.executable, "-m", "yolopatch", *words, "--epochs", "6"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        child, results = wait_for_epochs(tmp_path / "folder", process, 2)
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_alive(child), "the training process is gone with the one that was killed")
    before = results.read_text()

    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    told = json.loads(done.stdout)["run"]
    first, second = told["attempts"]
    assert first["resumed"] is None
    assert second["resumed"].endswith("weights/last.pt")
    assert results.read_text().startswith(before)
    assert [row["epoch"] for row in read_results(results.read_text())] == [1, 2, 3, 4, 5, 6]
    assert Path(told["save_dir"]) == results.parent.resolve()


def wait_for_epochs(folder: Path, process: subprocess.Popen, epochs: int) -> tuple[int, Path]:
    """Wait until upstream has saved a checkpoint after this many epochs; returns its process and its results."""

    def found():
        assert process.poll() is None, "the run ended before it could be killed"
        record = folder / "runs" / "1" / "run.json"
        save_dir = json.loads(record.read_text())["save_dir"] if record.is_file() else None
        # relative to the record, so that the folder can be moved
        saved = record.parent / save_dir / "results.csv" if save_dir else None
        return saved if saved and saved.is_file() and is_saved(saved, epochs) else None

    results = wait_until(found, f"{epochs} epochs")
    found_now = [int(p.parent.name) for p in Path("/proc").glob("[0-9]*/cmdline") if is_training_of(p, folder)]
    # the probe forks a watcher, whose command line is the same
    (child,) = [pid for pid in found_now if parent_of(pid) not in found_now]
    return child, results


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_saved(results: Path, epochs: int) -> bool:
    return len(read_results(results.read_text())) >= epochs and (results.parent / "weights" / "last.pt").is_file()


def is_training_of(cmdline: Path, folder: Path) -> bool:
    try:
        return f"{folder}/runs/1/training-1/request.json".encode() in cmdline.read_bytes()
    except OSError:
        return False  # a process that has ended meanwhile


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2]


def wait_until(question, what: str, patience: float = 240):
    """Return the first true answer."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    pytest.fail(f"waited in vain: {what}")


def test_a_gpu_that_is_not_there_is_said_before_anything_is_trained(run, own_code_runs, tmp_path):
    own_code_runs("ultralytics-8.3.0")
    ran = run("yolo11-c3k2-dsconv", "--run", "--no-measure", pin="ultralytics-8.3.0")
    if ran.code == 0:
        pytest.skip("there is a GPU here")
    assert ran.code == 1
    assert "the post trains on a GPU, cuda:0, but torch finds no GPU" in ran.err
    assert "--device cpu" in ran.err
    assert not (tmp_path / "folder" / "runs").exists()


def test_data_that_cannot_be_reached_names_the_way_on(run, need_pin, monkeypatch, tmp_path):
    need_pin(PIN)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    ran = run("yolo26-refconv", "--run", "--no-measure", "--device", "cpu")
    assert ran.code == 1
    assert "the data set coco8 is missing, and upstream could not download it" in ran.err
    assert "--quick" in ran.err
    assert "yolopatch data shapes" in ran.err
    assert not (tmp_path / "folder" / "runs").exists()


@pytest.fixture
def server(tmp_path):
    """Serve a folder over HTTP, on this machine; returns the folder and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with serving(handler) as host:
        yield folder, f"http://{host}"


@pytest.mark.slow
def test_a_set_that_its_yaml_can_fetch_is_fetched_by_upstream(run, server, yolopatch, tmp_path):
    folder, address = server
    yolopatch("data", "shapes", "--out", tmp_path / "made" / "tiny", "--images", 4, "--side", 64)
    shutil.make_archive(str(folder / "tiny"), "zip", tmp_path / "made", "tiny")
    data = tmp_path / "fetched.yaml"
    data.write_text(
        "path: tiny\ntrain: images/train\nval: images/val\nnames: [disc, square, triangle]\n"
        f"nc: 3\ndownload: {address}/tiny.zip\n"
    )
    words = (*SMALL, "--epochs", 1, "--data", data)
    ran = run("yolo26-refconv", "--flavor", "paper", *words)
    assert ran.code == 0, ran.err
    assert len(list((tmp_path / "folder" / "datasets" / "tiny" / "images" / "train").iterdir())) == 4


def test_broken_data_of_the_users_is_reported_before_training(run, yolopatch, tmp_path):
    yolopatch("data", "shapes", "--out", tmp_path / "shapes", "--images", 4)
    label = next((tmp_path / "shapes" / "labels" / "train").glob("*.txt"))
    label.write_text("7 0.5 0.5 0.1 0.1\n")
    ran = run("yolo26-refconv", "--run", "--no-measure", "--data", tmp_path / "shapes" / "data.yaml")
    assert ran.code == 1
    assert label.name in ran.err
    assert "no training was started" in ran.err


def test_an_exact_yolov5_is_not_begun_where_it_cannot_train(run):
    ran = run("yolov5-dynamic", "--run", "--quick", "--no-measure", pin="yolov5-6.1")
    assert ran.code == 1
    assert "utils/loss.py:217" in ran.err
    assert "--compat" in ran.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--epochs", 0), "at least one"),
        (("--scale", "q"), "unknown scale"),
        (("--scale", "all"), "a run trains one scale"),
        (("--set", "batch"), "not KEY=VALUE"),
        (("--set", "data=x.yaml"), "data has its own option"),
        (("--set", "resume=True"), "yolopatch sets resume itself"),
        (("--data", "nowhere.yaml"), "no data file nowhere.yaml"),
    ],
    ids=["no epoch", "no such scale", "all scales", "no value", "an own option", "ours", "no data"],
)
def test_what_cannot_be_asked_of_a_run_is_usage(options, said, run):
    ran = run("yolo26-refconv", "--run", "--no-measure", *options)
    assert ran.code == 2, ran.err
    assert said in ran.err


@pytest.mark.slow
def test_the_working_module_learns(run):
    ran = run(
        "yolov8-spconv", "--flavor", "paper", "--run", "--quick", "--no-measure", "--json", pin="ultralytics-8.2.50"
    )
    assert float(comparison(ran, "mAP50, training images")["found"]) >= 0.5
    assert ran.code == 0, ran.out
