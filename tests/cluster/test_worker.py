"""What a node does for a run, without Ray: it builds, trains and sends back; here what trains is one of ours."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from yolopatch.catalog.pins import PINS
from yolopatch.errors import YolopatchError
from yolopatch.outside.source.store import entry_path
from yolopatch.steps.cluster import worker
from yolopatch.steps.cluster.homeward import is_whole
from yolopatch.steps.cluster.recipe import At, DataPlan, Files, Kept, Refused, Setup, Trained, Unfit
from yolopatch.steps.cluster.worker import messages_of

from .conftest import PIN, attempted


def whole() -> bytes:
    """A file that ends as a checkpoint does."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("data.pkl", "x" * 100)
    return data.getvalue()


@pytest.fixture
def new_node(tmp_path, monkeypatch):
    """The cache of a node that has nothing yet."""
    monkeypatch.setenv("YOLOPATCH_CACHE", str(tmp_path / "node"))
    return tmp_path / "node"


@pytest.fixture
def node(tmp_path_factory, monkeypatch):
    """The cache of a node that may have trained before."""
    place = tmp_path_factory.getbasetemp() / "node"
    monkeypatch.setenv("YOLOPATCH_CACHE", str(place))
    return place


@pytest.fixture
def trains(monkeypatch):
    """Put a function in the place of what trains; returns what it was called with."""

    def put(steps):
        called = []

        def train(training, run, save, progress, check):
            called.append((training, run))
            run = attempted(run)
            save(run)
            (training.folder / "results" / "weights").mkdir(parents=True, exist_ok=True)
            log = training.folder / f"training-{len(run.attempts)}" / "log"
            log.parent.mkdir()
            log.write_text("epoch 1\n", "utf-8")
            steps(training, progress, check)
            save(replace(run, trained=True))
            return replace(run, trained=True)

        monkeypatch.setattr(worker, "train", train)
        return called

    return put


def write_epoch(training, epoch: int) -> None:
    """Write what upstream has after an epoch."""
    results = training.folder / "results"
    (results / "results.csv").write_text("epoch\n" + "".join(f"{one}\n" for one in range(1, epoch + 1)), "utf-8")
    (results / "weights" / "last.pt").write_bytes(whole() + bytes(epoch))
    words = dict(word.split("=", 1) for word in training.words)
    args = {"data": words["data"], "save_dir": str(results), "epochs": 2, "pretrained": str(training.init)}
    (results / "args.yaml").write_text(yaml.safe_dump(args), "utf-8")


def test_a_node_with_nothing_builds_the_workspace_trains_and_sends_everything_back(sent, new_node, trains):
    def steps(training, progress, check):
        for epoch in (1, 2):
            progress(epoch, None if epoch == 1 else 0.25)
            write_epoch(training, epoch)
            check()
        (training.folder / "results" / "weights" / "best.pt").write_bytes(b"best")

    called = trains(steps)
    recipe, shared = sent()
    messages = list(messages_of(recipe, shared, new_node))
    (training, run), home = called[0], recipe.home
    assert [type(one) for one in messages] == [Kept, At, Files, At, Files, Kept, Files, Trained]
    # the workspace is the same, from what was sent
    assert training.workspace.tip.id == recipe.commit
    assert training.workspace.path.is_relative_to(new_node)
    assert entry_path(PINS[PIN], recipe.source, new_node).is_dir()
    # the script has the paths of the node, and nothing of the run stays there
    assert training.script.parent == training.folder == Path(run.save_dir).parent
    assert not training.folder.exists()
    assert training.variables == {"OMP_NUM_THREADS": "1"}
    # what comes back has the paths of whoever asked
    assert messages[-1].run.save_dir == home.results
    # a driver that dies before the last files have come does not take the run for trained
    assert [one.run.trained for one in messages if isinstance(one, (Kept, Trained))] == [False, False, True]
    assert messages[1:4:2] == [At(1, None), At(2, 0.25)]
    assert list(messages[2].results) == ["results.csv", "args.yaml", "weights/last.pt"]
    assert yaml.safe_load(messages[2].results["args.yaml"]) == {
        "data": home.data,
        "save_dir": home.results,
        "epochs": 2,
        "pretrained": home.init,
    }
    assert messages[6] == Files({"weights/best.pt": b"best"}, {"training-1/log": b"epoch 1\n"})


def test_a_second_run_finds_the_workspace_and_goes_on_from_what_was_sent(sent, node, trains):
    there = []

    def steps(training, progress, check):
        results = training.folder / "results"
        there.append({one.relative_to(results).as_posix() for one in results.rglob("*") if one.is_file()})

    called = trains(steps)
    recipe, shared = sent()
    list(messages_of(recipe, shared, node))
    built = (called[0][0].workspace.path / ".git").stat().st_ctime_ns
    state = {"results.csv": b"epoch\n1\n", "weights/last.pt": whole()}
    again = replace(recipe, run=attempted(recipe.run, "/old/last.pt"), state=state)
    messages = list(messages_of(again, shared, node))
    training = called[1][0]
    assert there == [set(), set(state)]
    assert (training.workspace.path / ".git").stat().st_ctime_ns == built
    assert training.paths["data"].startswith(str(training.folder))
    assert training.paths["save_dir"] == str(training.folder / "results")
    # what was sent there does not come back
    assert messages[-2] == Files({}, {"training-2/log": b"epoch 1\n"})


def test_a_checkpoint_that_is_being_written_is_not_sent_and_others_not_too_often(sent, node, trains):
    def steps(training, progress, check):
        last = training.folder / "results" / "weights" / "last.pt"
        for data in (whole()[:60], whole(), whole() + b"next", whole() + b"newest"):
            last.write_bytes(data)
            check()

    trains(steps)
    recipe, shared = sent(every=3600.0)
    checkpoints = [one.results for one in messages_of(recipe, shared, node) if isinstance(one, Files)]
    assert checkpoints == [{"weights/last.pt": whole()}, {"weights/last.pt": whole() + b"newest"}]


def test_a_run_that_fails_says_where_with_its_log_and_the_checkpoint(sent, node, trains):
    def steps(training, progress, check):
        write_epoch(training, 1)
        log = training.folder / "training-1" / "log"
        raise YolopatchError("training ended with exit code 1", details=["RuntimeError", f"log: {log}"], hint="less")

    trains(steps)
    recipe, shared = sent()
    *_, files, refused = messages_of(recipe, shared, node)
    assert set(files.results) == {"results.csv", "args.yaml", "weights/last.pt"}
    assert files.others == {"training-1/log": b"epoch 1\n"}
    assert isinstance(refused, Refused)
    assert refused.details[0].startswith("on ")
    assert refused.details[1:] == ("RuntimeError", f"log: {recipe.home.folder}/training-1/log")
    assert refused.hint == "less"


def test_another_commit_than_the_recipe_says_is_not_trained(sent, node, trains):
    called = trains(lambda *_: None)
    recipe, shared = sent()
    (refused,) = messages_of(replace(recipe, commit="0" * 40), shared, node)
    assert refused.what.endswith(f"built another workspace from {PIN} and its modules; nothing was trained")
    assert refused.details[1:] == (f"expected: commit {'0' * 40}", f"found:    commit {recipe.commit}")
    assert called == []


def test_an_edited_workspace_on_a_node_is_not_trained_and_is_built_anew(sent, node, trains):
    called = trains(lambda *_: None)
    recipe, shared = sent()
    list(messages_of(recipe, shared, node))
    (called[0][0].workspace.path / "ultralytics" / "__init__.py").write_text("# mine\n", "utf-8")
    (refused,) = messages_of(recipe, shared, node)
    assert "was edited, so it was removed" in refused.what
    assert isinstance(list(messages_of(recipe, shared, node))[-1], Trained)


def test_a_node_with_another_environment_is_unfit(sent, node, trains):
    called = trains(lambda *_: None)
    recipe, shared = sent(setup=Setup("3.11.0", {"torch": "1.0"}))
    (unfit,) = messages_of(recipe, shared, node)
    assert isinstance(unfit, Unfit)
    assert "has another environment: Python 3." in unfit.why
    assert called == []


def test_a_node_without_an_interpreter_for_the_pin_is_unfit(sent, node, trains):
    recipe, shared = sent(python="/no/such/python")
    (unfit,) = messages_of(recipe, shared, node)
    assert isinstance(unfit, Unfit)
    assert "/no/such/python" in unfit.why


def test_what_a_killed_run_left_is_removed_by_the_next(sent, node, trains):
    trains(lambda *_: None)
    recipe, shared = sent()
    list(messages_of(recipe, shared, node))
    (runs,) = (node / "cluster").glob("*/runs")
    left = runs / "0123456789ab"
    (left / "abc").mkdir(parents=True)
    (left / ".yolopatch.lock").touch()
    list(messages_of(recipe, shared, node))
    assert list(runs.iterdir()) == []


def test_where_the_nodes_runs_share_the_data_the_first_marks_that_it_has_read_them(sent, node, trains):
    def read():
        return [one.name for one in node.glob("cluster/*/read/*") if not one.suffix]

    def steps(training, progress, check):
        progress(1, None)
        assert read() == []
        progress(2, None)

    trains(steps)
    recipe, shared = sent()
    parts = {"train": (str(Path(recipe.home.data).parent / "images" / "train"),)}
    parts["val"] = (str(Path(recipe.home.data).parent / "images" / "val"),)
    large = DataPlan(recipe.data.says, parts, False, recipe.data.sha256)
    assert isinstance(list(messages_of(replace(recipe, data=large), shared, node))[-1], Trained)
    assert read() == [recipe.data.sha256[:32]]


def test_a_bug_is_raised_where_the_messages_are_heard(sent, node, trains):
    def steps(training, progress, check):
        raise KeyError("a bug")

    trains(steps)
    with pytest.raises(KeyError, match="a bug"):
        list(messages_of(*sent(), node))


def test_half_a_checkpoint_is_told_from_a_whole_one():
    assert is_whole(whole())
    assert not any(is_whole(whole()[:length]) for length in (0, 1, 50, len(whole()) - 30))
