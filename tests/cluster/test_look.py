"""A look at the nodes before anything trains: what differs is said, with the node's name and the next command."""

from __future__ import annotations

import pickle

import pytest

from yolopatch import __version__
from yolopatch.core.environment.device import CPU
from yolopatch.errors import UsageError, YolopatchError
from yolopatch.outside.cluster.ray_cluster import Gone
from yolopatch.steps.ablate.device import Devices
from yolopatch.steps.ablate.on_cluster import ClusterExecutor, EngineOptions
from yolopatch.steps.cluster import remote
from yolopatch.steps.cluster.look import LookRequest, look_at
from yolopatch.steps.cluster.recipe import Setup

REQUEST = LookRequest("ultralytics-8.3.0", False, None)
SETUP = Setup("3.11.7", {"torch": "2.3.1"})
GOOD = {"host": "left", "cores": 8, "fault": None, "setup": SETUP}


def look(fake_cluster, *answers, on_cpu: bool = True):
    cluster = fake_cluster(answers)
    return look_at(cluster, cluster.nodes()[1 : 1 + len(answers)], REQUEST, on_cpu)


def test_nodes_that_are_the_same_are_used(fake_cluster):
    seen = look(fake_cluster, GOOD, {**GOOD, "host": "right"})
    assert (seen.setup, seen.notes) == (SETUP, ())


def test_nodes_with_other_numbers_of_cores_are_noted_on_the_cpu(fake_cluster):
    answers = GOOD, {**GOOD, "host": "right", "cores": 16}
    (note,) = look(fake_cluster, *answers).notes
    assert "8 and 16 cores" in note
    assert look(fake_cluster, *answers, on_cpu=False).notes == ()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"host": "right", "cores": 1, "fault": "it has no yolopatch (No module named 'yolopatch')"}, "no yolopatch"),
        ({"host": "right", "cores": 1, "fault": "it has yolopatch 9.9, and this machine 0.1.0"}, "yolopatch 9.9"),
        (Gone("RayTaskError"), "it does not answer (RayTaskError)"),
    ],
)
def test_a_node_with_another_yolopatch_or_none_stops_before_anything_trains(fake_cluster, answer, said):
    with pytest.raises(YolopatchError, match="1 of 2 nodes cannot train this grid; nothing was trained") as refused:
        look(fake_cluster, GOOD, answer)
    assert refused.value.details[0].startswith("right: ")
    assert said in refused.value.details[0]
    assert refused.value.hint == f'on each of them: pip install "yolopatch[ray]=={__version__}"'


DIED = Gone("TaskUnschedulableError: The node doesn't exist any more")


def test_a_node_that_dies_while_it_is_asked_is_left_out(fake_cluster):
    cluster = fake_cluster((GOOD, DIED))
    cluster.dying = ("right",)
    seen = look_at(cluster, cluster.nodes()[1:], REQUEST, on_cpu=True)
    assert [node.host for node in seen.nodes] == ["left"]
    assert seen.notes == ("right died: the grid is trained without this node",)


def test_nodes_that_all_die_while_they_are_asked_stop_before_anything_trains(fake_cluster):
    cluster = fake_cluster((DIED, DIED))
    cluster.dying = ("left", "right")
    with pytest.raises(YolopatchError, match="no node that has room for a run is left: left, right died") as refused:
        look_at(cluster, cluster.nodes()[1:], REQUEST, on_cpu=True)
    assert refused.value.hint == "add a node: ray start --address=HOST:PORT"


def test_a_node_that_cannot_train_says_its_own_next_command(fake_cluster):
    bad = {**GOOD, "host": "right", "fault": "it lacks torch", "hint": "on that node: yolopatch env create x"}
    with pytest.raises(YolopatchError) as refused:
        look(fake_cluster, GOOD, bad)
    assert refused.value.hint == "on that node: yolopatch env create x"


def test_nodes_with_different_environments_stop_before_anything_trains(fake_cluster):
    other = {**GOOD, "host": "right", "setup": Setup("3.11.7", {"torch": "2.4.0"})}
    with pytest.raises(YolopatchError, match="different environments") as refused:
        look(fake_cluster, GOOD, other)
    assert refused.value.details == ("left: Python 3.11.7, torch 2.3.1", "right: Python 3.11.7, torch 2.4.0")
    assert refused.value.hint.endswith("yolopatch env create ultralytics-8.3.0")


def test_a_node_compares_the_versions_before_it_reads_what_was_sent():
    found = remote.look("9.9", b"no pickle of any version")
    assert found["fault"] == f"it has yolopatch {__version__}, and this machine 9.9"


def test_a_node_tells_which_environment_it_would_train_in():
    found = remote.look(__version__, pickle.dumps(REQUEST))
    assert found["fault"] is None, found
    assert "torch" in found["setup"].libraries


def test_a_node_without_the_named_interpreter_says_so():
    request = LookRequest("ultralytics-8.3.0", False, "/no/such/python")
    assert "/no/such/python" in remote.look(__version__, pickle.dumps(request))["fault"]


def test_a_node_without_a_large_data_set_says_so_before_anything_trains(tmp_path):
    request = LookRequest("ultralytics-8.3.0", False, None, {}, (str(tmp_path), str(tmp_path / "images")))
    found = remote.look(__version__, pickle.dumps(request))
    assert found["fault"].endswith(f"too large to be sent: there is no {tmp_path / 'images'}")
    assert found["hint"] == "put the data set on every node, at the same path"


@pytest.fixture
def executor(fake_cluster):
    """Make the executor of a cluster whose nodes have GPUs."""

    def make(gpus: float | None = None, cpus: float | None = None) -> ClusterExecutor:
        return ClusterExecutor(fake_cluster(), None, None, None, gpus, cpus, lambda note: None)

    return make


def test_the_device_follows_from_the_cluster_and_the_options(executor):
    assert executor().devices(None, None) == Devices((), None)
    assert executor().devices("cpu", None) == Devices((), CPU)
    assert executor(gpus=0).devices(None, None) == Devices((), CPU)
    assert executor(gpus=0.5).devices(None, None) == Devices((), None)


@pytest.mark.parametrize("asked", ["0", "cuda:1", [0, 1], 0])
def test_a_grid_that_names_a_gpu_is_refused_because_the_nodes_decide(executor, asked):
    with pytest.raises(UsageError, match="a node decides"):
        executor().devices(asked, None)


def test_gpus_for_runs_on_the_cpu_are_refused(executor):
    with pytest.raises(UsageError, match='the grid says device = "cpu"'):
        executor(gpus=1).devices("cpu", None)


@pytest.mark.parametrize("gpus", [3, 99])
def test_a_need_that_no_node_meets_is_said_before_anything_trains(executor, gpus):
    made = executor(gpus=gpus)

    class Grid:
        devices = made.devices(None, None)

    with pytest.raises(YolopatchError, match=f"no node of the cluster has 1 CPUs and {gpus} GPUs") as refused:
        made.engine(Grid, None)
    assert "left: 4 CPUs, 2 GPUs" in refused.value.details


def test_the_options_of_the_cluster_are_said_again_to_go_on_with():
    options = EngineOptions("ray", "auto", 0.5, None)
    assert options.words() == ["--engine", "ray", "--address", "auto", "--gpus-per-run", "0.5"]
    assert EngineOptions().words() == []
