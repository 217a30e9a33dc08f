"""What `verify` reads of a checkout before any of its code runs: its style, its history, its unchanged upstream."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from yolopatch.catalog.identity import AUTHOR_EMAIL, AUTHOR_NAME, EPOCH
from yolopatch.catalog.pins import PINS
from yolopatch.catalog.resources import patch_file
from yolopatch.errors import SourceError
from yolopatch.outside.git import snapshot
from yolopatch.outside.git.command import Repository
from yolopatch.outside.source.store import cached
from yolopatch.outside.workspace.checkout import read_checkout
from yolopatch.outside.workspace.workspace import NoWorkspaceError
from yolopatch.steps.verify.history import read_history
from yolopatch.steps.workspace.patchset import ModulePatch

PIN = "ultralytics-8.3.0"
PARSER = "ultralytics/nn/tasks.py"


@pytest.fixture
def clone(tmp_path, git_in):
    """Give a copy of a checkout for one test alone, with its history."""

    def make(origin: Path) -> Path:
        git_in(tmp_path, "clone", "-q", str(origin), str(tmp_path / "clone"))
        return tmp_path / "clone"

    return make


def _commit_as_us(place: Path, message: str, *options: str) -> None:
    date = f"{EPOCH} +0000"
    ours = {
        **{f"GIT_{role}_NAME": AUTHOR_NAME for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": AUTHOR_EMAIL for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_DATE": date for role in ("AUTHOR", "COMMITTER")},
    }
    command = ["git", "-C", str(place), "commit", "-q", "-a", *options, "-m", message]
    subprocess.run(command, check=True, env={**os.environ, **ours})


@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", PIN, "yolov5-6.1", "yolov5-pypi-6.1.0"])
@pytest.mark.parametrize("flavor", ["paper", "tutorial"])
def test_a_workspace_is_what_its_commits_claim(full_workspace, git_in, pin, flavor):
    place = full_workspace(pin, flavor)
    told = read_history(read_checkout(place))
    assert (told.ours, told.tree_differs, told.own_commits, told.note) == (True, (), (), "")
    assert told.commit == git_in(place, "rev-parse", "HEAD").strip()
    parser = PINS[pin].layout.parser
    assert told.blobs[parser] == git_in(place, "rev-parse", f"HEAD:{parser}").strip()


def test_commits_of_the_users_are_listed_and_are_no_lie(full_workspace, clone, git_in):
    place = clone(full_workspace(PIN))
    (place / PARSER).write_text("# mine\n")
    git_in(place, "commit", "-q", "-a", "-m", "Mine")
    told = read_history(read_checkout(place))
    assert told.tree_differs == ()
    assert [commit.split(" ", 1)[1] for commit in told.own_commits] == ["Mine"]
    assert told.commit == git_in(place, "rev-parse", "HEAD").strip()
    assert told.blobs[PARSER] == git_in(place, "rev-parse", f"HEAD:{PARSER}").strip()


def test_a_commit_under_our_name_that_holds_something_else_is_a_lie(full_workspace, clone, git_in):
    place = clone(full_workspace(PIN))
    message = git_in(place, "log", "-1", "--format=%B")
    (place / PARSER).write_text((place / PARSER).read_text() + "\n# a line more\n")
    (place / "ultralytics" / "extra.py").write_text("")
    git_in(place, "add", "-A")
    _commit_as_us(place, message, "--amend")
    told = read_history(read_checkout(place))
    assert told.ours
    assert told.own_commits == ()
    assert [line.split(": ")[1] for line in told.tree_differs] == ["ultralytics/extra.py differs", f"{PARSER} differs"]


def test_a_root_that_is_not_the_pin_is_a_lie(pristine_tree, clone, git_in):
    place = clone(pristine_tree(PIN))
    message = git_in(place, "log", "-1", "--format=%B")
    (place / PARSER).write_text("# not upstream's\n")
    _commit_as_us(place, message, "--amend")
    told = read_history(read_checkout(place))
    assert told.ours
    assert f"is not {PIN}: {PARSER} differs" in told.tree_differs[0]


def test_a_workspace_of_another_version_of_yolopatch_is_said_to_be_one(full_workspace, monkeypatch):
    monkeypatch.setattr("yolopatch.steps.workspace.patchset.module_patch", _with_another_sum)
    told = read_history(read_checkout(full_workspace(PIN)))
    assert told.tree_differs == ()
    assert "with other patches (DSConv, " in told.note


def _with_another_sum(pin, choice, read):
    text = patch_file(pin.name, choice.name, choice.flavor).read_text()
    return ModulePatch(f"A line that another version had.\n{text}", "a paper")


def test_a_clone_that_yolopatch_did_not_make(pristine_tree, clone, git_in):
    place = clone(pristine_tree(PIN))
    git_in(place, "commit", "-q", "--amend", "-m", "Somebody's own history")
    checkout = read_checkout(place)
    told = read_history(checkout)
    assert (checkout.style, checkout.workspace, checkout.pin.name) == ("ultralytics", None, PIN)
    assert not told.ours
    assert told.commit == git_in(place, "rev-parse", "HEAD").strip()
    assert PARSER in told.blobs
    assert told.release == "ultralytics 8.3.0"


@pytest.mark.parametrize(
    ("pin", "style", "known"),
    [
        (PIN, "ultralytics", PIN),
        ("yolov5-6.1", "yolov5", "yolov5-6.1"),
        ("yolov5-pypi-6.1.0", "yolov5-package", "yolov5-pypi-6.1.0"),
    ],
)
def test_a_folder_without_git_is_known_by_its_files(pristine_tree, tmp_path, pin, style, known):
    place = tmp_path / "unpacked"
    shutil.copytree(pristine_tree(pin), place, ignore=shutil.ignore_patterns(".git"))
    checkout = read_checkout(place)
    assert (checkout.style, checkout.commit, checkout.blobs) == (style, None, {})
    assert (checkout.pin.name if checkout.pin else None) == known


def test_a_version_that_is_no_pin_is_nobodys(tmp_path):
    (tmp_path / PARSER).parent.mkdir(parents=True)
    (tmp_path / PARSER).touch()
    assert read_checkout(tmp_path).pin is None
    (tmp_path / "ultralytics" / "__init__.py").write_text('__version__ = "8.3.999"\n')
    assert read_checkout(tmp_path).pin is None


def test_a_folder_without_an_upstream_is_refused(tmp_path):
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NoWorkspaceError, match="contains no upstream") as caught:
            read_checkout(place)
        assert caught.value.hint


def test_the_unchanged_upstream_is_written_as_it_is_stored(full_workspace, pristine_tree, tmp_path):
    checkout = read_checkout(full_workspace(PIN))
    snapshot.write_tree(checkout.workspace.repository, checkout.workspace.root.id, tmp_path)
    pristine = pristine_tree(PIN)
    files = {str(f.relative_to(tmp_path)): f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    assert files == {path: (pristine / path).read_bytes() for path in files}
    assert len(files) == len(snapshot.tree_blobs(Repository(pristine), "HEAD"))


def test_a_tree_that_leads_out_of_its_folder_is_not_written(tmp_path, git_in):
    git_in(tmp_path, "init", "-q", "repository")
    repository = Repository(tmp_path / "repository")
    inner = repository.run("hash-object", "-w", "--stdin", stdin=b"gotcha").strip()
    tree = repository.run("mktree", stdin=f"100644 blob {inner}\tfile\n".encode()).strip()
    # git itself writes no such name
    outer = b"40000 ..\0" + bytes.fromhex(tree)
    bad = repository.run("hash-object", "-w", "--literally", "-t", "tree", "--stdin", stdin=outer).strip()
    (tmp_path / "out" / "here").mkdir(parents=True)
    with pytest.raises(SourceError, match="leads out of the tree"):
        snapshot.write_tree(repository, bad, tmp_path / "out" / "here")
    assert not (tmp_path / "out" / "file").exists()


def test_the_cache_alone_is_asked_for_a_pin(need_pin, cache, tmp_path):
    need_pin(PIN)
    assert cached(PINS[PIN], cache).blobs[PARSER]
    assert cached(PINS[PIN], tmp_path / "empty") is None
    assert not (tmp_path / "empty").exists()
