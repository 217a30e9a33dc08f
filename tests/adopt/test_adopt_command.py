"""`adopt` from a fork to a workspace: what it tells, writes and refuses."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click import unstyle
from filelock import BaseFileLock

from yolopatch import adopt
from yolopatch.cli.adopt.page import render_page
from yolopatch.cli.adopt.words import adoption
from yolopatch.errors import UsageError
from yolopatch.steps.adopt import module, reading
from yolopatch.steps.adopt.adopt import Adoption

from ..pages import read, words
from .conftest import PIN

BASE = ("--base", PIN)
CFG = "ultralytics/cfg/models/11/yolo11-gated.yaml"


@pytest.fixture(scope="module")
def found(self_made, cache) -> Adoption:
    """The fork, read and rebuilt, and nothing built."""
    return adopt(self_made, base=PIN, builds=False)


def test_the_object_has_the_keys_of_the_contract(found):
    data = json.loads(json.dumps(found.data(), default=str))
    base = data["base"]
    assert base["release"] == "ultralytics==8.3.0"
    assert (base["changed"], base["added"]) == (2, 2)
    assert base["same"] > 200
    changes = {change["path"]: change for change in data["changes"]}
    assert changes["ultralytics/utils/metrics.py"]["kind"] == "formatting"
    assert changes["ultralytics/cfg/default.yaml"]["kind"] == "changed"
    assert changes["ultralytics/cfg/default.yaml"]["affects"] == ["loss"]
    assert "9.0" in changes["ultralytics/cfg/default.yaml"]["parts"][0]["what"]
    (one,) = data["classes"]
    assert (one["name"], one["path"]) == ("GatedConv", "ultralytics/nn/modules/gated.py")
    assert one["used_by"] == ["yolo11-gated.yaml"]
    (model,) = data["models"]
    assert (model["cfg"], model["builds"], model["parameters"], model["same_as_fork"]) == (CFG, None, None, None)
    assert (data["workspace"], data["commit"]) == (None, None)


def test_the_account_has_what_a_paper_says_and_what_it_does_not(found):
    told = found.account
    assert [(layer.own.name, dict(layer.layers)) for layer in told.layers] == [
        ("GatedConv", {"yolo11-gated.yaml": (1, 2)})
    ]
    assert [item.name for item in told.helpers] == ["Gate"]
    assert {area: [item.path for item in items] for area, items in told.beside.items()} == {
        "loss": ["ultralytics/cfg/default.yaml"]
    }
    assert [change.path for change in told.formatted] == ["ultralytics/utils/metrics.py"]
    assert told.unused[0] == 1
    assert found.reading.why == "it is the only one with a class that the fork adds or changes"


@pytest.mark.parametrize("columns", [80, 120])
def test_the_lines_fit_a_terminal(found, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = [unstyle(line) for line in adoption(found, None)]
    assert lines[0] == "Gated-YOLO: a fork of ultralytics==8.3.0"
    assert max(len(line) for line in lines[:-1]) <= columns
    said = " ".join(" ".join(lines).split())
    assert "GatedConv added 1, 2 nn/modules/gated.py:17" in said
    assert "and 1 definition that they use, in 1 file" in said
    assert "loss ultralytics/cfg/default.yaml" in said
    assert lines[-1].endswith("--no-build --dest my-gatedyolo")


def test_the_page_says_the_same_and_needs_nothing_else(found):
    page = render_page(found)
    read(page)
    text = words(page)
    for said in ("Gated-YOLO: a fork of ultralytics 8.3.0", "What the paper would say", "What else is in here"):
        assert said in text
    assert "GatedConv" in text
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_a_workspace_of_an_archive_whose_code_never_runs(yolopatch, copied, own_catalog, tmp_path, git_in):
    place, canary = copied(), tmp_path / "canary"
    for file in ("ultralytics/__init__.py", "ultralytics/nn/modules/gated.py", "train.py", "setup.py"):
        with (place / file).open("a") as stream:
            stream.write(f"\nimport pathlib\npathlib.Path({str(canary)!r}).touch()\n")
    archive = tmp_path / "Gated-YOLO-main.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", tmp_path, place.name], check=True)
    ran = yolopatch("adopt", archive, *BASE, "--no-build", "--dest", tmp_path / "one", "--json")
    assert ran.code == 0, ran.err
    assert not canary.exists()
    commit = git_in(tmp_path / "one", "rev-parse", "HEAD").strip()
    assert (ran.json["workspace"], ran.json["commit"]) == (str(tmp_path / "one"), commit)
    # what comes after is as for any other module
    status = yolopatch("status", tmp_path / "one", "--json").json
    assert [module["name"] for module in status["modules"]] == ["GatedYOLO"]
    applied = yolopatch("apply", "--repo", PIN, "--module", "GatedYOLO", "--dest", tmp_path / "two", "--json")
    assert applied.json["commit"] == commit
    assert yolopatch("remove", tmp_path / "one", "--module", "GatedYOLO").code == 0


@pytest.mark.more
def test_what_a_paper_does_not_mention_is_a_commit_of_its_own(yolopatch, self_made, own_catalog, tmp_path, git_in):
    ran = yolopatch("adopt", self_made, *BASE, "--no-build", "--dest", tmp_path / "w", "--everything", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["areas"] == [{"area": "loss", "files": ["ultralytics/cfg/default.yaml"], "lacking": []}]
    assert git_in(tmp_path / "w", "rev-parse", "HEAD").strip() == ran.json["commit"]
    changed = git_in(tmp_path / "w", "diff", "HEAD~1", "--unified=0")
    assert "-box: 7.5" in changed
    assert "+box: 9.0" in changed
    assert [m["name"] for m in yolopatch("status", tmp_path / "w", "--json").json["modules"]] == ["GatedYOLO"]
    again = yolopatch("adopt", self_made, *BASE, "--no-build", "--dest", tmp_path / "w", "--everything", "--json")
    assert (again.json["commit"], again.json["areas"]) == (ran.json["commit"], ran.json["areas"])


def test_each_value_stands_apart_from_its_name(yolopatch, copied, own_catalog, tmp_path, git_in):
    place = copied()
    settings = place / "ultralytics/cfg/default.yaml"
    settings.write_text(settings.read_text().replace("mosaic: 1.0", "mosaic: 0.5"))
    ran = yolopatch("adopt", place, *BASE, "--no-build", "--dest", tmp_path / "w", "--everything")
    assert ran.code == 0, ran.err
    said = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert "augmentation changed in ultralytics/cfg/default.yaml" in said
    assert f"together {git_in(tmp_path / 'w', 'rev-parse', 'HEAD').strip()}" in said


@pytest.mark.more
@pytest.mark.parametrize("more", [(), ("--everything",)], ids=["models", "everything"])
def test_a_full_disk_while_the_workspace_is_made(more, yolopatch, self_made, own_catalog, tmp_path, monkeypatch):
    words = ("adopt", self_made, *BASE, "--no-build", "--dest", tmp_path / "w", *more)
    with monkeypatch.context() as patched:
        patched.setattr(BaseFileLock, "acquire", _full_disk_in(".git"))
        ran = yolopatch(*words)
    assert ran.code == 1, ran.err
    assert not (tmp_path / "w").exists()
    assert (own_catalog / "modules" / "GatedYOLO.json").is_file()
    assert f"kept: {own_catalog}; the same command goes on from it" in ran.err
    assert "name a folder on another disk: --dest DIR" in ran.err  # of a workspace that is not there, there is no copy
    assert yolopatch(*words).code == 0


@pytest.mark.more
def test_a_fork_that_cannot_be_saved_after_the_pin_of_its_release(
    yolopatch, self_made, own_catalog, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "write_fork", _full_disk)
    ran = yolopatch("adopt", self_made, *BASE, "--no-build", "--dest", tmp_path / "w")
    assert ran.code == 1, ran.err
    assert "cannot write to your own catalog" in ran.err
    assert "; nothing was changed" in ran.err
    # as if the release were no pin before
    monkeypatch.setattr(module, "PINS", _Later(module.PINS))
    ran = yolopatch("adopt", self_made, *BASE, "--no-build", "--dest", tmp_path / "w")
    assert "nothing was changed" not in ran.err
    assert f"kept: {own_catalog}; the same command goes on from it" in ran.err


def _full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")


def _full_disk_in(folder):
    """Return what takes a lock in place of filelock: not in a folder of this name, where the disk is full."""
    take = BaseFileLock.acquire

    def acquire(lock, *arguments, **named):
        return _full_disk() if Path(lock.lock_file).parent.name == folder else take(lock, *arguments, **named)

    return acquire


class _Later(dict):
    """A registry that gets its entries after the first look at it."""

    looks = 0

    def __contains__(self, name):
        self.looks += 1
        return self.looks > 1


def test_areas_that_cannot_be_had(yolopatch, self_made, own_catalog, tmp_path, fingerprint):
    for option in (("--with", "loss"), ("--verify",)):
        assert yolopatch("adopt", self_made, *BASE, "--no-build", *option).code == 2  # there is no --dest
    assert yolopatch("adopt", self_made, *BASE, "--no-build", "--with", "x", "--dest", tmp_path / "v").code == 2
    assert yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", tmp_path / "w").code == 0
    before = fingerprint(tmp_path / "w")
    ran = yolopatch("adopt", self_made, *BASE, "--no-build", "--with", "loss", "--dest", tmp_path / "w")
    assert (ran.code, fingerprint(tmp_path / "w")) == (3, before), ran.err
    assert not (own_catalog / "modules").exists()


def test_everything_of_a_workspace_that_has_it_all_without_areas(yolopatch, copied, own_catalog, tmp_path, fingerprint):
    fork, dest = copied(), tmp_path / "w"
    settings = fork / "ultralytics/cfg/default.yaml"
    changed = settings.read_text()
    settings.write_text(changed.replace("box: 9.0", "box: 7.5"))
    command = ("adopt", fork, *BASE, "--no-build", "--dest", dest)
    assert yolopatch(*command).code == 0
    before = fingerprint(dest)
    ran = yolopatch(*command, "--everything")  # the fork changes nothing beside its architecture
    assert (ran.code, fingerprint(dest)) == (0, before), ran.err
    settings.write_text(changed)
    ran = yolopatch(*command, "--everything")
    assert (ran.code, fingerprint(dest)) == (3, before)
    assert "without the changes of loss; nothing was changed" in ran.err


def test_areas_of_a_workspace_that_has_other_ones(yolopatch, copied, own_catalog, tmp_path, fingerprint):
    fork, dest = copied(), tmp_path / "w"
    settings = fork / "ultralytics/cfg/default.yaml"
    settings.write_text(settings.read_text().replace("lr0: 0.01", "lr0: 0.02"))
    command = ("adopt", fork, *BASE, "--no-build", "--dest", dest)
    assert yolopatch(*command, "--with", "training").code == 0
    before = fingerprint(dest)
    ran = yolopatch(*command, "--everything")
    assert (ran.code, fingerprint(dest)) == (3, before)
    assert "without the changes of loss; nothing was changed" in ran.err
    ran = yolopatch(*command, "--with", "loss")
    assert (ran.code, fingerprint(dest)) == (3, before)


def test_a_fork_without_a_main_model_is_refused_before_its_changes_are_read(self_made, copied, tmp_path, monkeypatch):
    fork = copied()
    (fork / "train.py").unlink()
    models = fork / "ultralytics/cfg/models/11"
    (models / "yolo11-other.yaml").write_text((models / "yolo11-gated.yaml").read_text("utf-8") + "# another\n")
    monkeypatch.setattr(reading, "read_difference", lambda *_: pytest.fail("the changes were read"))
    with pytest.raises(UsageError, match="which of 2 model YAMLs") as caught:
        adopt(fork, base=PIN, builds=False, dest=tmp_path / "w")
    assert len(caught.value.details) == 2


def test_what_a_script_recommends_is_told_with_its_line(yolopatch, copied):
    fork = copied()
    (fork / "train.py").write_text(
        "from ultralytics import YOLO\nYOLO('yolo11n-gated.yaml').train(mosaic=0.5, lr0=0.01)\n"
    )
    ran = yolopatch("adopt", fork, *BASE, "--no-build")
    said = " ".join(ran.out.split())
    assert "augmentation train.py 2 recommended by the script for `train`: `mosaic` is `0.5`, not `1.0`" in said
    assert "lr0" not in said
    (one,) = json.loads(yolopatch("adopt", fork, *BASE, "--no-build", "--json").out)["recommended"]
    assert (one["path"], one["line"], one["call"], one["name"]) == ("train.py", 2, "train", "mosaic")


def test_files_of_the_users_are_not_touched(yolopatch, self_made, tmp_path, fingerprint):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine\n")
    before = fingerprint(tmp_path / "mine")
    ran = yolopatch("adopt", self_made, *BASE, "--no-build", "--dest", tmp_path / "mine")
    assert ran.code == 3
    assert fingerprint(tmp_path / "mine") == before


@pytest.mark.parametrize("upstream", ["ultralytics", "yolov5"])
def test_the_folder_of_the_package_is_said_as_folder_takes_it(found, upstream):
    fork = replace(found.reading.fork, place="ours/v1", upstream=upstream)
    lines = [unstyle(line) for line in adoption(replace(found, reading=replace(found.reading, fork=fork)), None)]
    assert "  package  ours/v1" in lines


def test_a_fork_of_which_nothing_says_the_main_model(yolopatch, copied, tmp_path):
    place = copied()
    (place / "ultralytics/cfg/models/11/yolo11-other.yaml").write_text((place / CFG).read_text("utf-8") + "# another\n")
    (place / "train.py").unlink()
    ran = yolopatch("adopt", place, *BASE, "--no-build")
    assert ran.code == 0
    assert "nothing says which of 2 model YAMLs is the main one" in " ".join(ran.out.split())
    assert "default.yaml" in ran.out  # reading comes out, too
    assert ran.out.splitlines()[-1] == f"next: yolopatch adopt {place} --base {PIN} --no-build --cfg {CFG}"
    refused = yolopatch("adopt", place, *BASE, "--no-build", "--dest", tmp_path / "w")
    assert refused.code == 2
    assert f"found: {CFG}" in refused.err
    assert not (tmp_path / "w").exists()


def test_mistakes_are_told_with_the_next_command(yolopatch, self_made, tmp_path):
    for words_, code, said in (
        (("adopt", tmp_path / "gone"), 2, "there is no"),
        (("adopt", "https://github.com/a/b"), 2, "git clone"),
        (("adopt", self_made, "--base", "nope"), 2, "does not name a release"),
        (("adopt", self_made, *BASE, "--no-build", "--cfg", "gone.yaml"), 2, "has no model YAML gone.yaml"),
        (("adopt", self_made, *BASE, "--report", tmp_path / "a/b.html"), 2, "does not exist"),
    ):
        ran = yolopatch(*words_)
        assert (ran.code, ran.out) == (code, ""), words_
        assert said in ran.err
        assert "next: " in ran.err


@pytest.mark.more
def test_the_rebuilt_model_is_the_forks(yolopatch, self_made, tmp_path):
    ran = yolopatch("adopt", self_made, *BASE, "--report", tmp_path / "r.html", "--json")
    (model,) = ran.json["models"]
    assert (ran.code, model["builds"], model["same_as_fork"], model["why"]) == (0, True, True, "")
    assert model["parameters"] > 10_000
    assert "the same model" in words((tmp_path / "r.html").read_text())


@pytest.mark.more
def test_a_rebuilt_model_that_builds_where_the_forks_does_not_is_told_as_one(yolopatch, copied):
    place = copied()
    with (place / "ultralytics/utils/downloads.py").open("a") as stream:
        stream.write('\nopen(__file__ + ".names")\n')
    ran = yolopatch("adopt", place, *BASE, "--json")
    (model,) = ran.json["models"]
    assert (ran.code, model["builds"], model["same_as_fork"], model["rebuilt_builds"]) == (0, False, None, True)
    assert "reads ultralytics/utils/downloads.py.names, which the fork does not have" in model["why"]
    assert model["parameters"] > 10_000


def test_a_model_that_cannot_be_rebuilt_is_told_and_makes_no_workspace(yolopatch, copied, own_catalog, tmp_path):
    place = copied()
    tasks = place / "ultralytics/nn/tasks.py"
    tasks.write_text(tasks.read_text().replace("from ultralytics.nn.modules.gated import GatedConv\n", ""))
    ran = yolopatch("adopt", place, *BASE, "--no-build", "--dest", tmp_path / "w")
    assert ran.code == 4
    assert "no workspace was made, because no model was rebuilt on 8.3.0" in ran.err
    assert "GatedConv  not imported  1, 2" in ran.out
    assert "default.yaml" in ran.out
    assert not (tmp_path / "w").exists()


@pytest.mark.slow
def test_the_page_has_what_verify_says(yolopatch, self_made, own_catalog, tmp_path):
    words_ = (
        "adopt",
        self_made,
        *BASE,
        "--dest",
        tmp_path / "w",
        "--verify",
        "--report",
        tmp_path / "r.html",
        "--json",
    )
    ran = yolopatch(*words_)
    (verified,) = ran.json["verify"]
    assert (ran.code, verified["verdict"], verified["scale"]) == (0, "pass", "n")
    assert "What verify says of the workspace" in words((tmp_path / "r.html").read_text())
