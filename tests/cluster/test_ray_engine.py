"""The engine of a cluster, without Ray: what it does with the messages of its tasks."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from yolopatch.core.training.run import Run
from yolopatch.outside.cluster.ray_cluster import Gone, Need
from yolopatch.steps.cluster.recipe import At, DataPlan, Files, Home, Kept, Recipe, Refused, Shared, Trained, Unfit
from yolopatch.steps.engines.engine import Ended, Failed, Job, Lost, Reached
from yolopatch.steps.engines.ray_engine import RayEngine

from .conftest import WANTED

RUN = Run(0, WANTED)
TWO_CPUS, SENT = Need(2, 0), Shared(data={"a": b""})
DONE = Gone("it ended without a result")


@pytest.fixture
def engine(fake_cluster, tmp_path):
    """Give an engine with one run that has begun, its cluster, and the records that it keeps."""

    def make(need: Need = TWO_CPUS, shared: Shared = SENT, workers: int | None = None):
        cluster, kept = fake_cluster(), []

        def recipe_of(job: Job) -> Recipe:
            home = Home(str(tmp_path / job.id), str(tmp_path / job.id / "results"), "data.yaml", "a.yaml")
            data = DataPlan({}, {}, True, "c" * 64)
            built = ("pin", (), "paper", (), "pypi", "a" * 40, ("a.yaml", ""), "", None, None)
            return Recipe(job.id, job.run, *built, 0, 5, data, None, None, {}, {}, 60.0, home)

        made = RayEngine(cluster, need, workers, lambda name, run: kept.append((name, run)), recipe_of, shared)
        made.start(Job("a", RUN, None))
        return made, cluster, kept

    return make


def say(cluster, *messages, task: int = 1) -> None:
    cluster.waiting[task].extend(messages)


def test_records_and_files_are_kept_as_they_come(engine, tmp_path):
    made, cluster, kept = engine()
    run = replace(RUN, save_dir="x", trained=True)
    files = Files({"results.csv": b"epoch\n", "weights/last.pt": b"last"}, {"training-1/log": b"log"})
    say(cluster, ("node", "left"), Kept(RUN), At(1, None), files, At(2, 0.5), Trained(run), DONE)
    events = [made.next(0.1) for _ in range(3)]
    assert events == [Reached("a", 1, 5, None), Reached("a", 2, 5, 0.5), Ended("a", run)]
    assert kept == [("a", RUN), ("a", run)]
    there = {file.relative_to(tmp_path / "a").as_posix() for file in (tmp_path / "a").rglob("*") if file.is_file()}
    assert there == {"results/results.csv", "results/weights/last.pt", "training-1/log"}
    assert made.next(0.1) is None


def test_a_run_has_ended_when_its_task_has(engine):
    """Else the task is still cleaning up, and the cluster has no room for the next one."""
    made, cluster, _ = engine()
    say(cluster, ("node", "left"), Trained(RUN))
    assert made.next(0.1) is None
    say(cluster, Gone("NodeDiedError"))
    assert made.next(0.1) == Ended("a", RUN)


def test_a_failure_on_a_node_fails_the_run(engine):
    made, cluster, _ = engine()
    say(cluster, ("node", "left"), Refused("training was killed", ("on left", "log: x"), "less"), DONE)
    assert made.next(0.1) == Failed("a", "training was killed", ("on left", "log: x", "next: less"))


@pytest.mark.parametrize("messages", [(), (("node", "left"),), (("node", "left"), At(1, None))])
def test_a_dead_node_loses_the_run(engine, messages):
    made, cluster, _ = engine()
    say(cluster, *messages, Gone("NodeDiedError: it is dead"))
    events = [event for event in (made.next(0.1), made.next(0.1)) if not isinstance(event, Reached)]
    where = "left" if messages else "no node"
    assert [event for event in events if event] == [Lost("a", f"{where}: NodeDiedError: it is dead")]


@pytest.mark.parametrize("message", [Unfit("left has torch 1.0"), (None, "it has yolopatch 9, and this machine 0")])
def test_a_node_that_joined_and_is_unfit_is_left_out_and_the_run_is_taken_up_elsewhere(engine, message):
    made, cluster, _ = engine()
    say(cluster, ("1", "left"), message, DONE)
    lost = made.next(0.1)
    assert isinstance(lost, Lost)
    assert lost.why.startswith("the node is left out: left")
    assert made.slots == 2  # of the other node with four CPUs
    made.start(Job("a", RUN, None))
    assert [without for _, _, without in cluster.started] == [(), ("1",)]


@pytest.mark.parametrize(
    ("need", "workers", "slots"),
    [
        (Need(2, 0), None, 4),
        (Need(3, 0), None, 2),
        (Need(1, 1), None, 4),
        (Need(1, 0.5), None, 8),
        (Need(0.5, 0.4), None, 10),
        (Need(2, 0), 3, 3),
        (Need(9, 0), None, 0),
        (Need(1, 3), None, 0),
    ],
)
def test_there_are_as_many_runs_at_once_as_nodes_have_room_for(engine, need, workers, slots):
    made, _, _ = engine(need, workers=workers)
    assert made.slots == slots


def test_the_cluster_may_grow_and_shrink(engine):
    made, cluster, _ = engine()
    assert made.slots == 4
    made._nodes.asked = float("-inf")
    cluster.there = cluster.there[:2]
    assert made.slots == 2


def test_runs_share_the_data_where_they_are_not_sent(engine):
    assert not engine()[0].shares_data
    assert engine(shared=Shared())[0].shares_data


def test_a_full_disk_here_ends_that_run_alone(engine, tmp_path):
    made, cluster, _ = engine()
    (tmp_path / "a").write_text("in the way", "utf-8")
    say(cluster, ("node", "left"), Files({"results.csv": b""}), Gone("TaskCancelledError"))
    failed = made.next(0.1)
    assert isinstance(failed, Failed)
    assert str(tmp_path / "a") in failed.why
    assert cluster.ended == [1]


def test_a_task_gets_what_the_run_asks_for_and_a_recipe_that_can_be_read(engine):
    _, cluster, _ = engine(Need(1, 0.5))
    (version, recipe, shared), need, _ = cluster.started[0]
    assert version
    assert pickle.loads(recipe).id == "a"
    assert shared == {"data": {"a": b""}, "pin": {}, "catalog": {}}
    assert need == Need(1, 0.5)


def test_at_the_end_every_task_is_ended(engine):
    made, cluster, _ = engine()
    made.start(Job("b", RUN, None))
    made.close()
    assert cluster.ended == [1, 2]
