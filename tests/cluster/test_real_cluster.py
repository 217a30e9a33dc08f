"""Real Ray: three nodes on this machine, each with a cache of its own; nodes and drivers are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from yolopatch.core.training.run import RECORD, Run, read_run

from ..grids import PIN, grid_text

pytest.importorskip("ray", reason='the extra is not installed: pip install "yolopatch[ray]"')

STORE = 100 * 2**20


class Nodes:
    """Three nodes of a cluster with one CPU each."""

    def __init__(self, place: Path) -> None:
        from ray.cluster_utils import Cluster

        self.caches = [place / f"node{number}" for number in range(3)]
        head, *others = [
            {"num_cpus": 1, "object_store_memory": STORE, "env_vars": {"YOLOPATCH_CACHE": str(cache)}}
            for cache in self.caches
        ]
        self.cluster = Cluster(initialize_head=True, head_node_args={"include_dashboard": False, **head})
        self.nodes = [self.cluster.head_node, *(self.cluster.add_node(**other) for other in others)]
        self.address = self.cluster.address

    def kill(self, number: int) -> None:
        """Kill a node as a power cut does."""
        self.cluster.remove_node(self.nodes[number], allow_graceful=False)

    def trainings(self) -> list[int]:
        """Return the processes that train on a node, by their requests."""
        asked = [f"{cache}/cluster/" for cache in self.caches]
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue  # it has just ended
            if "request.json" in command and any(place in command for place in asked):
                found.append(int(folder.name))
        return found


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    """Start three nodes; all of them end with the test."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)  # a node has it; upstream uses no tracker in tests
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # a token would be written into the home folder
    started = Nodes(tmp_path)
    yield started
    started.cluster.shutdown()


@pytest.fixture
def grid(yolopatch, need_pin, compat_option, tmp_path) -> Path:
    """The file of a grid of four short runs."""
    need_pin(PIN)
    assert yolopatch("data", "shapes", "--out", tmp_path / "shapes", "--images", 8).code == 0
    file = tmp_path / "grid.toml"
    file.write_text(grid_text(compat=bool(compat_option(PIN)), epochs=3), "utf-8")
    return file


@pytest.fixture
def drive(grid, popen, tmp_path):
    """Start the command with an engine in a process of its own; it is killed at the end of the test."""
    begun: list[subprocess.Popen] = []

    def start(dest: str, *options: str) -> tuple[subprocess.Popen, Path]:
        said = tmp_path / f"{dest}-{len(begun)}.events"
        command = ["ablate", grid, "--dest", tmp_path / dest, "--json", "--no-measure", "--events", *options]
        with said.open("wb") as events, said.with_suffix(".json").open("wb") as result:
            process = popen(*command, stdout=result, stderr=events, cwd=tmp_path)
        begun.append(process)
        return process, said

    yield start
    for process in begun:
        process.kill()
        process.wait()


def wait(met: Callable[[], object], seconds: float = 900.0) -> object:
    end = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.3)
    return found


def runs_in(dest: Path) -> dict[str, Run]:
    """Return the records of a grid's folder."""
    found = {file.parent.name: read_run(file.read_bytes(), file.parent) for file in (dest / "runs").glob(f"*/{RECORD}")}
    return {name: run for name, run in found.items() if run is not None}


def halfway(dest: Path) -> list[str]:
    """Return the runs that are not done and have a checkpoint with the driver."""
    there = (name for name, run in runs_in(dest).items() if not run.trained)
    return [name for name in there if (dest / "runs" / name / "results" / "weights" / "last.pt").is_file()]


def rows(dest: Path, name: str) -> list[str]:
    """Return the rows of a run's results but for the column with seconds."""
    text = (dest / "runs" / name / "results" / "results.csv").read_text("utf-8")
    cells = [[cell.strip() for cell in line.split(",")] for line in text.splitlines()]
    return [line[:1] + line[2:] if cells[0][1] == "time" else line for line in cells]


def result(said: Path) -> dict:
    return json.loads(said.with_suffix(".json").read_text("utf-8"))


@pytest.mark.slow
def test_a_killed_node_and_a_killed_driver_lose_nothing_and_the_table_is_that_of_one_machine(nodes, drive, tmp_path):
    dest, options = tmp_path / "cluster", ("--engine", "ray", "--address", nodes.address)
    driver, said = drive("cluster", *options)

    def node_halfway() -> int | None:
        assert driver.poll() is None, said.read_text("utf-8")
        if not halfway(dest):
            return None
        at_work = [any(cache.glob("cluster/*/runs/*/*/results/weights/last.pt")) for cache in nodes.caches]
        return next((number for number in (1, 2) if at_work[number]), None)

    # a node dies in the middle of a run
    nodes.kill(int(wait(node_halfway)))
    lost = wait(lambda: [line for line in said.read_text("utf-8").splitlines() if '"lost"' in line])
    assert "NodeDiedError" in json.loads(lost[0])["why"]
    # the driver dies while runs are on
    wait(lambda: halfway(dest) and nodes.trainings())
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    done = {name for name, run in runs_in(dest).items() if run.trained}
    wait(lambda: not nodes.trainings(), 60)
    # and again: what is done is not trained again, the rest goes on
    driver, said = drive("cluster", *options)
    assert driver.wait(600) == 0, said.read_text("utf-8")
    found = runs_in(dest)
    assert len(found) == 4
    assert all(run.trained for run in found.values())
    ended = [json.loads(line)["id"] for line in said.read_text("utf-8").splitlines() if '"ended"' in line]
    assert sorted(ended) == sorted(set(found) - done)
    resumed = {name for name, run in found.items() if any(attempt.resumed for attempt in run.attempts)}
    assert resumed
    for run in found.values():
        assert Path(run.save_dir).is_relative_to(dest)
        assert all(Path(one.resumed).is_relative_to(dest) for one in run.attempts if one.resumed)
        assert {file.name for file in Path(run.save_dir, "weights").iterdir()} == {"best.pt", "last.pt"}
    # the same grid on this machine
    local, told = drive("local", "--engine", "local")
    assert local.wait(600) == 0, told.read_text("utf-8")
    for name in found:
        if name not in resumed:
            assert rows(dest, name) == rows(tmp_path / "local", name)
        assert len(rows(dest, name)) >= 4
    by_id = {one["id"]: one for one in result(told)["runs"]}
    for one in result(said)["runs"]:
        assert one["commit"] == by_id[one["id"]]["commit"]
        if one["id"] not in resumed:
            assert one["metrics"] == by_id[one["id"]]["metrics"]
    assert all(line.startswith("resumed: ") for line in result(said)["differences"])
    assert not nodes.trainings()


@pytest.mark.slow
def test_ctrl_c_ends_every_run_and_a_killed_worker_is_replaced(nodes, drive, tmp_path):
    dest, options = tmp_path / "cluster", ("--engine", "ray", "--address", nodes.address, "--workers", "1")
    driver, said = drive("cluster", *options)
    (training,) = wait(nodes.trainings)
    worker = int(Path(f"/proc/{training}/stat").read_text("ascii").rpartition(")")[2].split()[1])
    os.kill(worker, signal.SIGKILL)
    wait(lambda: '"lost"' in said.read_text("utf-8"), 60)
    wait(lambda: training not in nodes.trainings(), 30)
    wait(lambda: any(len(run.attempts) == 2 for run in runs_in(dest).values()))
    wait(nodes.trainings)
    driver.send_signal(signal.SIGINT)
    assert driver.wait(60) == 130
    assert f"--engine ray --address {nodes.address}" in said.read_text("utf-8")
    wait(lambda: not nodes.trainings(), 30)


@pytest.mark.slow
def test_the_curves_of_a_run_are_whole_where_its_node_was_killed(nodes, drive, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    dest, python = tmp_path / "cluster", ("--python", sys.executable)
    driver, said = drive("cluster", "--engine", "ray", "--address", nodes.address, "--tracker", "tensorboard", *python)

    def node_halfway() -> int | None:
        assert driver.poll() is None, said.read_text("utf-8")
        at_work = [any(cache.glob("cluster/*/runs/*/*/results/weights/last.pt")) for cache in nodes.caches]
        return next((number for number in (1, 2) if at_work[number]), None) if halfway(dest) else None

    nodes.kill(int(wait(node_halfway)))
    assert driver.wait(900) == 0, said.read_text("utf-8")
    assert '"lost"' in said.read_text("utf-8")
    assert len(runs_in(dest)) == 4
    for name, run in runs_in(dest).items():
        events = accumulator.EventAccumulator(str(dest / "runs" / name / "results"))
        events.Reload()
        assert {one.step for one in events.Scalars("metrics/mAP50-95(B)")} == {1, 2, 3}
        text = events.Tensors("tags/text_summary")[0].tensor_proto.string_val[0].decode()
        assert f"| commit | {run.wanted.commit} |" in text
        assert f"| seed | {run.wanted.changes['seed']} |" in text


@pytest.mark.slow
def test_runs_of_all_nodes_are_in_one_experiment_of_mlflow(nodes, drive, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="needs mlflow or mlflow-skinny")
    dest, python = tmp_path / "cluster", ("--python", sys.executable)
    for name, value in (("PASSWORD", "a-secret-of-mine"), ("USERNAME", "me")):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    driver, said = drive("cluster", "--engine", "ray", "--address", nodes.address, "--tracker", "mlflow", *python)
    assert driver.wait(900) == 0, said.read_text("utf-8")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = mlflow.MlflowClient((dest / "mlflow").as_uri())
    assert sorted(one.name for one in client.search_experiments()) == ["Default", "cluster"]
    found = client.search_runs([client.get_experiment_by_name("cluster").experiment_id])
    assert sorted(run.info.run_name for run in found) == sorted(runs_in(dest))
    for run in found:
        assert run.info.status == "FINISHED"
        assert run.data.tags["commit"] == runs_in(dest)[run.info.run_name].wanted.commit
        assert len(client.get_metric_history(run.info.run_id, "metrics/mAP50-95B")) >= 3
        weights = Path(client.download_artifacts(run.info.run_id, "weights/best.pt"))
        assert weights.read_bytes() == (dest / "runs" / run.info.run_name / "results/weights/best.pt").read_bytes()
    assert not list(tmp_path.rglob("node*/cluster/*/runs/*"))
    written = [file for file in dest.rglob("*") if file.is_file() and "workspaces" not in file.parts]
    assert not any(b"a-secret-of-mine" in file.read_bytes() for file in written)
