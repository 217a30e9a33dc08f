"""A fork that was copied from upstream's repository after a release: upstream's own commits are not the author's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from yolopatch.core.fork.base import Base, Commit
from yolopatch.core.fork.certainty import certainty
from yolopatch.core.fork.index import definitions_text, files_text
from yolopatch.errors import YolopatchError
from yolopatch.maintain.release_index import read_states
from yolopatch.maintain.states import fetch_history, states_of_history
from yolopatch.outside.source import bases
from yolopatch.outside.source.bases import load_index

from .history import COMMITS, History, edited, files_of, write_history
from .trees import write_tree

COPIED = 7  # the number of the commit that most forks here were copied from: 7.0+4
OWN = {
    "utils/loss.py": ("0.5 * eps, 0.5 * eps", "0.6 * eps, 0.6 * eps"),
    "train.py": ("loss.backward()", "(2 * loss).backward()"),
    "models/common.py": ("self.cv1 = Conv(c1, c2)", "self.cv1 = Conv(c1, c2, 3)"),
}


@pytest.fixture(scope="module")
def history(tmp_path_factory) -> History:
    """The repository that stands for that of yolov5. Read it only."""
    return write_history(tmp_path_factory.mktemp("history") / "yolov5")


@pytest.fixture(scope="module")
def texts(history, tmp_path_factory) -> tuple[str, str]:
    """The two texts of its index, as maintainers write them."""
    repository = fetch_history(
        history.place.as_uri(), history.commits[-1], tmp_path_factory.mktemp("h") / "history.git"
    )
    found = read_states(states_of_history(repository, history.tags))
    return files_text(found.releases, found.files), definitions_text(len(found.releases), found.definitions)


@pytest.fixture
def served(history, texts, monkeypatch) -> Callable[[Path], None]:
    """Let yolopatch take this index for yolov5's, and a repository of the test's choice for its address."""

    def serve(place: Path) -> None:
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # which may name a mirror of its own
        for key, value in (("COUNT", "1"), ("KEY_0", f"url.{place.as_uri()}.insteadOf"), ("VALUE_0", bases.YOLOV5_URL)):
            monkeypatch.setenv(f"GIT_CONFIG_{key}", value)

    for version in [*bases.YOLOV5_TAGS]:
        monkeypatch.delitem(bases.YOLOV5_TAGS, version)
    for version, commit in history.tags.items():
        monkeypatch.setitem(bases.YOLOV5_TAGS, version, commit)
    parts = iter(texts)
    monkeypatch.setattr(bases, "read_data", lambda file: next(parts))
    load_index.cache_clear()
    load_index("yolov5")
    serve(history.place)
    yield serve
    load_index.cache_clear()


@pytest.fixture
def copy(tmp_path) -> Callable[..., Path]:
    """Make a fork of a commit, with edits of its author."""

    def make(number: int, edits: Mapping[str, tuple[str, str]] = {}) -> Path:
        files = edited(files_of(number), edits)
        return write_tree(tmp_path / "Own-YOLO", {path: text.encode() for path, text in files.items()})

    return make


def _read(yolopatch, fork: Path, *more: str):
    ran = yolopatch("adopt", fork, "--no-build", "--json", *more)
    assert ran.code == 0, ran.err
    return ran


def _changed(ran) -> dict[str, list[str]]:
    return {
        change["path"]: [part["name"] for part in change["parts"]]
        for change in ran.json["changes"]
        if change["kind"] != "formatting"
    }


def test_only_the_authors_changes_are_told(yolopatch, served, history, copy):
    ran = _read(yolopatch, copy(COPIED, OWN))
    base = ran.json["base"]
    assert base["release"] == "yolov5==7.0+4"
    assert base["copied"] == {"after": "7.0", "count": 4, "id": history.commits[COPIED], "date": "2023-05-01"}
    assert (base["same"], base["changed"], base["added"], base["missing"]) == (4, 3, 0, 0)
    assert _changed(ran) == {
        "models/common.py": ["C3.__init__"],
        "train.py": ["train"],
        "utils/loss.py": ["smooth_bce"],
    }
    assert not any(part["release"] for change in ran.json["changes"] for part in change["parts"])


@pytest.mark.parametrize(
    ("number", "release", "said"),
    [
        (COPIED, "7.0+4", "it was copied from 7.0 and 4 later commits of yolov5, as of 2023-05-01"),
        (4, "7.0+1", "it was copied from 7.0 and 1 later commit of yolov5, as of 2023-02-01"),
        (2, "6.2+2", "it was copied from 6.2 and 2 later commits of yolov5, as of 2022-10-01"),
        (9, "7.0+6", "it was copied from 7.0 and 6 later commits of yolov5, as of 2023-07-01"),
    ],
)
def test_what_it_was_copied_from_is_told_in_one_sentence(number, release, said, yolopatch, served, copy):
    ran = yolopatch("adopt", copy(number), "--no-build")
    assert f"Own-YOLO: a fork of yolov5=={release}" in ran.out
    assert said in " ".join(ran.out.split())


@pytest.mark.parametrize(("number", "release"), [(0, "6.2"), (3, "7.0")])
def test_a_copy_of_a_release_is_told_as_that(number, release, yolopatch, served, copy):
    ran = _read(yolopatch, copy(number))
    assert (ran.json["base"]["release"], ran.json["base"]["copied"]) == (f"yolov5=={release}", None)


def test_a_release_is_likelier_than_a_commit_after_it_where_nothing_tells_both_apart(yolopatch, served, copy):
    """The author has rewritten the lines that the next commit changes."""
    edits = {"train.py": ("    epochs = 300\n", "    epochs = 25\n")}
    base = _read(yolopatch, copy(3, edits)).json["base"]
    assert (base["release"], base["equal"], base["copied"]) == ("yolov5==7.0", ["7.0+1"], None)


@pytest.mark.parametrize(("number", "release"), [(3, "7.0"), (4, "7.0+1")])
def test_lines_tell_which_commit_it_is_where_the_author_changed_its_function(number, release, yolopatch, served, copy):
    """The commit after 7.0 changes a line of `train`; the author changed another line of it."""
    ran = _read(yolopatch, copy(number, {"train.py": OWN["train.py"]}))
    assert (ran.json["base"]["release"], ran.json["base"]["equal"]) == (f"yolov5=={release}", [])
    (change,) = ran.json["changes"]
    assert [part["what"] for part in change["parts"]] == ["`(2 * loss).backward()`, not `loss.backward()`"]


def test_definitions_tell_which_commit_it_is_where_the_author_changed_its_file(yolopatch, served, copy):
    """The file that this commit changes is one that the author changed, too, at another place."""
    own = {"utils/loss.py": OWN["utils/loss.py"]}
    ran = _read(yolopatch, copy(COPIED, own))
    assert ran.json["base"]["release"] == "yolov5==7.0+4"
    assert _changed(ran) == {"utils/loss.py": ["smooth_bce"]}
    ran = _read(yolopatch, copy(COPIED - 1, own))
    assert ran.json["base"]["release"] == "yolov5==7.0+3"
    assert _changed(ran) == {"utils/loss.py": ["smooth_bce"]}


def test_a_file_of_a_later_commit_is_upstreams(yolopatch, served, copy):
    fork = copy(4)
    (fork / "utils/loss.py").write_text(files_of(COPIED)["utils/loss.py"])
    ran = _read(yolopatch, fork)
    assert ran.json["base"]["release"] == "yolov5==7.0+1"
    assert ran.json["base"]["others"] == [{"release": "7.0+4", "files": 1}]
    (change,) = ran.json["changes"]
    assert (change["path"], change["release"]) == ("utils/loss.py", "7.0+4")
    told = " ".join(yolopatch("adopt", fork, "--no-build").out.split())
    assert "utils/loss.py the file as 7.0+4 has it" in told


def test_a_function_of_another_commit_is_told_as_its(yolopatch, served, copy):
    fork = copy(COPIED, {"utils/loss.py": ("eps=0.2", "eps=0.1")})
    with (fork / "utils/loss.py").open("a") as stream:
        stream.write("\n\ndef own():\n    return 1\n")
    (change,) = _read(yolopatch, fork).json["changes"]
    assert {part["name"]: part["release"] for part in change["parts"]} == {"smooth_bce": "6.2+1", "own": ""}


@pytest.fixture
def only_tags(served, history, tmp_path) -> None:
    """Let the address of yolov5 be a mirror with no more than the tags."""
    mirror = tmp_path / "tags.git"
    subprocess.run(["git", "init", "-q", "--bare", mirror], check=True)
    for version in history.tags:
        words = ("fetch", "-q", "--depth", "1", history.place.as_uri(), f"refs/tags/v{version}:refs/tags/v{version}")
        subprocess.run(["git", "-C", mirror, *words], check=True)
    served(mirror)


def test_without_the_commit_the_release_before_it_stands_for_it(yolopatch, only_tags, history, copy, tmp_path):
    ran = _read(yolopatch, copy(COPIED, {"train.py": ("loss.backward()", "(2 * loss).backward()")}))
    assert ran.json["base"]["release"] == "yolov5==7.0"
    assert ran.json["base"]["copied"]["count"] == 4
    assert f"has no commit {history.commits[COPIED]}" in ran.err
    whole = {change["path"]: change["release"] for change in ran.json["changes"]}
    assert whole == {"README.md": "7.0+4", "models/common.py": "7.0+4", "utils/loss.py": "7.0+4", "train.py": ""}
    said = " ".join(yolopatch("adopt", tmp_path / "Own-YOLO", "--no-build").out.split())
    assert "it was copied from 7.0 and 4 later commits of yolov5, as of 2023-05-01" in said
    assert "that commit cannot be fetched here, so the fork is compared with 7.0" in said


def test_a_release_with_more_documents_is_not_where_a_commit_after_it_leads_to():
    commit = Commit("7.0", 3, "0" * 40, "2023-04-01")
    base, release = Base("yolov5", "7.0+3", 90, 3, 0, 0, commit=commit), Base("yolov5", "7.0", 91, 2, 0, 0)
    assert certainty(base, release) == (
        "it was copied from 7.0 and 3 later commits of yolov5, as of 2023-04-01",
        "90 of its 93 files are as in the fork, 3 changed, 0 missing",
        "7.0 is the next best, with 91",
    )


def test_without_a_commit_that_is_as_likely_the_release_is_taken(yolopatch, only_tags, copy):
    ran = _read(yolopatch, copy(3, {"train.py": OWN["train.py"]}))
    base = ran.json["base"]
    assert (base["release"], base["equal"], base["copied"]) == ("yolov5==7.0", ["7.0+1"], None)
    assert ran.err == ""


def test_without_the_release_either_it_is_an_error(yolopatch, served, copy, tmp_path):
    served(tmp_path / "gone.git")
    ran = yolopatch("adopt", copy(COPIED), "--no-build")
    assert (ran.code, ran.out) == (1, "")
    assert "yolov5 7.0 cannot be fetched" in ran.err


def test_a_commit_can_be_named(yolopatch, served, copy):
    ran = _read(yolopatch, copy(COPIED, OWN), "--base", "yolov5==7.0+3")
    assert ran.json["base"]["release"] == "yolov5==7.0+3"
    assert set(_changed(ran)) == set(OWN)
    refused = yolopatch("adopt", copy(COPIED), "--no-build", "--base", "yolov5==7.0+99")
    assert refused.code == 2
    assert "yolov5==7.0+99 is no release" in refused.err


def test_the_index_has_the_commits_that_change_code(served, history):
    """One that changes a README or a comment is none of them: the code is that of the commit before it."""
    known = load_index("yolov5")
    assert known.releases == ("6.2", "6.2+1", "6.2+2", "7.0", "7.0+1", "7.0+3", "7.0+4", "7.0+6")
    assert known.commits["7.0+4"] == Commit("7.0", 4, history.commits[COPIED], "2023-05-01")
    assert set(known.commits) == set(known.releases) - {"6.2", "7.0"}


def test_of_a_merge_the_main_line_counts(history, tmp_path, git_in):
    place = tmp_path / "merged"
    subprocess.run(["git", "clone", "-q", "-b", "master", history.place, place], check=True)
    git_in(place, "checkout", "-q", "-b", "side", "HEAD~1")
    for text in ("one", "two"):
        (place / "train.py").write_text(f"{text} = 1\n")
        git_in(place, "commit", "-q", "-a", "-m", text)
    git_in(place, "checkout", "-q", "master")
    git_in(place, "merge", "-q", "--no-ff", "-m", "Merge", "side")
    newest = git_in(place, "rev-parse", "HEAD").strip()
    states = [*states_of_history(fetch_history(place.as_uri(), newest, tmp_path / "h.git"), history.tags)]
    assert [state.release for state in states[:1]] == ["6.2"]
    assert isinstance(states[-1].release, Commit)
    assert (len(states), states[-1].release.name, states[-1].release.id) == (len(COMMITS) + 1, "7.0+7", newest)


def test_a_history_without_a_release_makes_no_index(history, tmp_path):
    repository = fetch_history(history.place.as_uri(), history.commits[2], tmp_path / "h.git")
    with pytest.raises(YolopatchError, match=r"the history has no 7\.0"):
        next(states_of_history(repository, history.tags))
