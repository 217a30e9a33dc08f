"""A tracker on the nodes of a cluster: it is set up as the user has it, and what it writes into files comes home."""

from __future__ import annotations

import os
import pickle
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from yolopatch.catalog.environment.trackers import TRACKERS
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.steps.cluster.homeward import Homeward
from yolopatch.steps.cluster.recipe import Home, UsersTracker
from yolopatch.steps.cluster.tracker_store import placed
from yolopatch.steps.cluster.tracking import (
    login_note,
    require_for_nodes,
    require_shows,
    take_variables,
    users_tracker,
)
from yolopatch.steps.training.place import Place
from yolopatch.steps.training.tracking import STORE, Tracking
from yolopatch.wire.training import Tracked

from .test_worker import whole

SECRET = "a-key-of-mine"


@pytest.fixture
def environment(monkeypatch):
    """Set the environment variables of trackers to these and no others."""

    def put(**variables: str) -> None:
        prefixes = tuple(prefix for tracker in TRACKERS.values() for prefix in tracker.prefixes)
        for name in [name for name in os.environ if name.startswith(prefixes)]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    put()
    monkeypatch.setattr(os, "environ", os.environ.copy())  # a node changes its own
    return put


@pytest.fixture
def interpreter():
    """An interpreter with the package of every tracker, or with these."""

    def make(*packages: str) -> Interpreter:
        versions = dict.fromkeys(packages or [one.package for one in TRACKERS.values()], "1.0")
        return Interpreter("3.11.9", "/env", True, True, versions, {}, {}, {}, "", "/env/bin/python")

    return make


@pytest.mark.parametrize("name", ["wandb", "clearml", "comet"])
def test_the_users_keys_and_modes_go_to_the_nodes_but_not_folders_nor_variables_of_others(name, environment):
    tracker = TRACKERS[name]
    (prefix, *_), place = tracker.prefixes, next(iter(tracker.places))
    wanted = {tracker.login[0]: SECRET, f"{prefix}MODE": "offline"}
    environment(**wanted, **{place: "/my/folder"}, MLFLOW_TRACKING_PASSWORD="another")
    users = users_tracker(tracker)
    assert users.variables == wanted
    assert SECRET not in repr(users)


def test_without_a_tracker_nothing_is_sent(environment):
    environment(WANDB_API_KEY=SECRET)
    assert users_tracker(None) is None
    assert users_tracker(TRACKERS["tensorboard"]).variables == {}


def test_a_node_has_the_users_environment_in_place_of_its_own(environment, tmp_path):
    environment(WANDB_MODE="disabled", WANDB_RUN_ID="of all", WANDB_API_KEY="the node's", WANDB_PROJECT="other")
    take_variables(UsersTracker("wandb", {"WANDB_API_KEY": SECRET, "WANDB_BASE_URL": "https://w"}), tmp_path)
    found = {name: value for name, value in os.environ.items() if name.startswith("WANDB_")}
    assert (found.pop("WANDB_API_KEY"), found.pop("WANDB_BASE_URL")) == (SECRET, "https://w")
    assert set(found) == set(TRACKERS["wandb"].places)
    assert all(Path(value).is_relative_to(tmp_path) for value in found.values())


def test_a_nodes_own_login_stays_where_the_user_has_none(environment, tmp_path):
    environment(COMET_API_KEY="the node's", COMET_PROJECT_NAME="other")
    take_variables(UsersTracker("comet", {"COMET_WORKSPACE": "lab"}), tmp_path)
    assert os.environ["COMET_API_KEY"] == "the node's"
    assert os.environ["COMET_WORKSPACE"] == "lab"
    assert "COMET_PROJECT_NAME" not in os.environ


@pytest.mark.parametrize("uri", ["runs", "/data/mlruns", "file:///data/mlruns", "sqlite:///a.db", "sqlite:////a.db"])
def test_files_that_only_the_users_machine_has_are_refused_before_anything(environment, uri):
    environment(MLFLOW_TRACKING_URI=uri)
    with pytest.raises(YolopatchError, match="nothing was trained") as refused:
        require_for_nodes("MLflow", "auto")
    assert refused.value.details == (f"found: {uri}",)
    assert refused.value.hint.startswith("unset MLFLOW_TRACKING_URI")
    require_for_nodes("mlflow", None)  # Ray on this machine
    require_for_nodes("wandb", "auto")
    require_for_nodes(None, "auto")


@pytest.mark.parametrize(
    "uri", ["", "http://host:5000", "https://me:secret@host", "databricks", "postgresql://host/db"]
)
def test_a_server_is_passed_on(environment, uri):
    environment(MLFLOW_TRACKING_URI=uri)
    require_for_nodes("mlflow", "auto")
    assert users_tracker(TRACKERS["mlflow"]).variables == ({"MLFLOW_TRACKING_URI": uri} if uri else {})


def test_files_of_the_users_are_found_from_where_the_command_was_given(environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment(MLFLOW_TRACKING_URI="my runs")
    assert users_tracker(TRACKERS["mlflow"]).variables == {"MLFLOW_TRACKING_URI": (tmp_path / "my runs").as_uri()}


def test_a_node_without_the_package_says_so(interpreter):
    with pytest.raises(YolopatchError, match="does not have wandb") as refused:
        require_shows(UsersTracker("wandb", {}), interpreter("torch"))
    assert refused.value.hint == "/env/bin/python -m pip install wandb"
    require_shows(UsersTracker("wandb", {}), interpreter("torch", "wandb"))


def test_a_file_that_a_variable_names_must_be_there(interpreter, tmp_path):
    users = UsersTracker("clearml", {"CLEARML_CONFIG_FILE": str(tmp_path / "clearml.conf")})
    with pytest.raises(YolopatchError, match="which CLEARML_CONFIG_FILE names") as refused:
        require_shows(users, interpreter())
    assert refused.value.what.startswith(f"there is no {tmp_path / 'clearml.conf'}")
    (tmp_path / "clearml.conf").touch()
    require_shows(users, interpreter())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3"])
def test_a_server_of_the_users_machine_must_answer_on_the_node(interpreter, host):
    with socket.socket() as server:
        server.bind(("127.0.0.1" if host == "localhost" else host, 0))
        users = UsersTracker("mlflow", {"MLFLOW_TRACKING_URI": f"http://me:{SECRET}@{host}:{server.getsockname()[1]}"})
        with pytest.raises(YolopatchError, match="MLFLOW_TRACKING_URI names: on a node, it is the node") as refused:
            require_shows(users, interpreter())
        assert SECRET not in str(refused.value)
        server.listen()
        require_shows(users, interpreter())
    # whether others can be reached is not asked: a proxy may be between
    require_shows(UsersTracker("mlflow", {"MLFLOW_TRACKING_URI": "https://no.such.host.invalid"}), interpreter())


@pytest.mark.parametrize(
    ("name", "variables", "is_said"),
    [
        ("wandb", {}, True),
        ("wandb", {"WANDB_API_KEY": SECRET}, False),
        ("wandb", {"WANDB_MODE": "offline"}, False),
        ("clearml", {"CLEARML_OFFLINE_MODE": "1"}, False),
        ("clearml", {"CLEARML_PROJECT": "x"}, True),
        ("comet", {"COMET_START_ONLINE": "0"}, False),
        ("mlflow", {}, False),
        ("tensorboard", {}, False),
    ],
)
def test_a_login_that_may_lie_in_a_file_here_is_said(name, variables, is_said):
    notes = login_note(UsersTracker(name, variables))
    assert bool(notes) == is_said
    assert all(TRACKERS[name].login[0] in note for note in notes)


@pytest.fixture
def run(tmp_path):
    """A run on a node, shown in a tracker: its folder there, and what sends its files home."""

    def make(name: str, node: str = "node one") -> tuple[Path, Homeward]:
        folder, grid = tmp_path / node / "12ab", tmp_path / "home 家"
        (folder / "results" / "weights").mkdir(parents=True)
        own = grid / "runs" / "A-n-0"
        home = Home(str(own), str(own / "results"), "d.yaml", "a.yaml", store=str(grid / STORE))
        place = Place(str(folder / "a.yaml"), str(folder / "data" / "d.yaml"), folder, None, None)
        tracking = Tracking(TRACKERS[name], Tracked(name, "A-n-0", "paper", {}), folder / STORE)
        return folder, Homeward(place, home, 0.0, tracking)

    return make


def write(folder: Path, **files: bytes | str) -> None:
    for name, data in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)


EVENTS = "results/events.out.tfevents.17.node.1.0"


def test_the_curves_of_tensorboard_come_with_each_checkpoint(run):
    folder, back = run("tensorboard")
    write(folder, **{EVENTS: b"one"})
    assert back.checkpoint() is None  # without a checkpoint the run is begun anew, and the curve too
    write(folder, **{"results/weights/last.pt": whole()})
    at = (folder / "results" / "weights" / "last.pt").stat().st_mtime_ns
    os.utime(folder / EVENTS, ns=(at - 1, at - 1))
    assert back.checkpoint() is None  # upstream tells a tracker of an epoch after it has saved its checkpoint
    write(folder, **{EVENTS: b"one and two"})
    os.utime(folder / EVENTS, ns=(at + 1, at + 1))
    sent = back.checkpoint()
    assert (set(sent.results), sent.others) == ({"weights/last.pt"}, {EVENTS: b"one and two"})
    write(folder, **{EVENTS: b"one, two and three", "training-1/log": b"log", "results/other": b""})
    assert back.all(1).others == {EVENTS: b"one, two and three", "training-1/log": b"log"}
    assert back.all(1).others == {"training-1/log": b"log"}


def test_a_tracker_that_writes_nothing_more_does_not_hold_a_checkpoint_back(run):
    folder, back = run("tensorboard")
    write(folder, **{EVENTS: b"one", "results/weights/last.pt": whole()})
    for file, seconds in ((EVENTS, 40), ("results/weights/last.pt", 30)):
        os.utime(folder / file, (time.time() - seconds,) * 2)
    assert back.checkpoint().others == {EVENTS: b"one"}
    folder, back = run("wandb", "another")
    write(folder, **{"results/weights/last.pt": whole()})
    assert set(back.checkpoint().results) == {"weights/last.pt"}


@pytest.mark.parametrize(
    ("name", "files", "kept"),
    [
        ("wandb", ("wandb/offline-run-1/run-1.wandb", "wandb/offline-run-1/files/config.yaml"), 2),
        ("wandb", ("wandb/run-1/run-1.wandb", "scratch/artifact"), 0),  # the service has it
        ("comet", ("1234.zip", "data/images/a.zip"), 1),
        ("clearml", ("clearml/offline/offline-1.zip", "clearml/cache/x"), 1),
        ("mlflow", ("results/events.out.tfevents.1",), 0),
    ],
)
def test_what_a_tracker_keeps_for_a_later_upload_comes_home(run, name, files, kept):
    folder, back = run(name)
    write(folder, **dict.fromkeys(files, b"x"))
    (folder / "wandb").mkdir(exist_ok=True)
    (folder / "wandb" / "offline-run-latest").symlink_to(folder / "data")
    assert set(back.all(1).others) == set(files[:kept])


def mlflow_store(folder: Path, number: str, run: str) -> None:
    """Write what MLflow has of one run in files."""
    store = folder / STORE
    at = (store / number).as_uri()
    experiment = {"artifact_location": at, "experiment_id": number, "lifecycle_stage": "active", "name": "paper"}
    of_run = {"artifact_uri": f"{at}/{run}/artifacts", "experiment_id": number, "run_id": run, "status": 1}
    write(
        store,
        **{
            "0/meta.yaml": yaml.safe_dump({**experiment, "experiment_id": "0", "name": "Default"}),
            f"{number}/meta.yaml": yaml.safe_dump(experiment),
            f"{number}/{run}/meta.yaml": yaml.safe_dump(of_run),
            f"{number}/{run}/params/project": str(folder),
            f"{number}/{run}/metrics/mAP50": "1 0.5 0\n",
            f"{number}/{run}/artifacts/weights/best.pt": b"\x80\x02" + os.urandom(20),
        },
    )


def test_the_stores_of_all_nodes_become_one_experiment(run, tmp_path):
    home = tmp_path / "home 家" / STORE
    for node, number, name in (("one", "111", "aa"), ("zwei zwei", "222", "bb"), ("one again", "111", "cc")):
        folder, back = run("mlflow", node)
        mlflow_store(folder, number, name)
        write(home, **placed(back.all(1).store, home))
    heads = [yaml.safe_load(file.read_text("utf-8")) for file in home.glob("*/meta.yaml")]
    assert sorted(one["name"] for one in heads) == ["Default", "paper"]
    (experiment,) = (one for one in heads if one["name"] == "paper")
    assert experiment["artifact_location"] == (home / "111").as_uri()
    for name in ("aa", "bb", "cc"):
        head = yaml.safe_load((home / "111" / name / "meta.yaml").read_text("utf-8"))
        assert head["experiment_id"] == "111"
        assert head["artifact_uri"] == (home / "111" / name / "artifacts").as_uri()
        assert (home / "111" / name / "params" / "project").read_text("utf-8") == str(home.parent / "runs" / "A-n-0")
        assert (home / "111" / name / "artifacts" / "weights" / "best.pt").read_bytes()[:2] == b"\x80\x02"


def test_what_is_sent_later_of_a_run_finds_its_experiment(run, tmp_path):
    home = tmp_path / "home 家" / STORE
    mlflow_store(tmp_path / "home 家", "999", "local")  # a run of this machine
    folder, back = run("mlflow")
    mlflow_store(folder, "111", "aa")
    write(home, **placed(back.all(1).store, home))
    write(folder / STORE / "111" / "aa", **{"metrics/mAP50": "1 0.5 0\n2 0.6 1\n"})
    later = back.all(1).store
    assert set(later) == {"0/meta.yaml", "111/meta.yaml", "111/aa/metrics/mAP50"}
    write(home, **placed(later, home))
    assert (home / "999" / "aa" / "metrics" / "mAP50").read_text("utf-8").endswith("2 0.6 1\n")
    assert not (home / "111").exists()
    assert back.all(1).store == {}


def test_a_recipe_says_no_key_where_it_is_printed(sent):
    recipe, _ = sent(tracker=UsersTracker("wandb", {"WANDB_API_KEY": SECRET}))
    assert SECRET not in repr(recipe)
    assert pickle.loads(pickle.dumps(recipe)).tracker.variables == {"WANDB_API_KEY": SECRET}


def test_a_node_without_the_trackers_package_trains_nothing(sent, tmp_path, monkeypatch):
    from yolopatch.steps.cluster import tracking
    from yolopatch.steps.cluster.recipe import Unfit
    from yolopatch.steps.cluster.worker import messages_of

    monkeypatch.setenv("YOLOPATCH_CACHE", str(tmp_path / "node"))
    nothing = replace(TRACKERS["comet"], package="no-such-package")
    monkeypatch.setitem(tracking.TRACKERS, "comet", nothing)
    (unfit,) = messages_of(*sent(tracker=UsersTracker("comet", {}), python=sys.executable), tmp_path / "node")
    assert isinstance(unfit, Unfit)
    assert "does not have no-such-package" in unfit.why
