"""`apply` and `remove`: declarative, idempotent, the same ids everywhere, JSON as the contract has it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yolopatch import __version__
from yolopatch.catalog.module import FLAVORS
from yolopatch.catalog.names import fold
from yolopatch.catalog.pins import PINS
from yolopatch.outside.git.command import Repository
from yolopatch.outside.workspace.workspace import BRANCH

from ..of_tutorials import MODULES

PIN = "ultralytics-8.3.0"
STAMPED = "Stamp checkpoints"
STATE = [
    *("workspace", "pin", "source", "modules", "compat", "seeds", "commit", "tree", "files", "changed", "created"),
    *("replayed", "into", "stopped", "by_hand"),
]


def _apply(*modules: str, repo: str = PIN, dest: Path, flavor: str = "paper") -> list:
    chosen = [word for module in modules for word in ("--module", module)]
    return ["apply", "--repo", repo, *chosen, "--dest", dest, "--flavor", flavor, "--json"]


def test_the_json_is_the_contracts(yolopatch, tmp_path, need_pin, git_in):
    need_pin(PIN)
    ran = yolopatch(*_apply("DSConv", "SPConv", dest=tmp_path / "w"))
    assert ran.code == 0
    assert list(ran.json) == STATE
    assert ran.json["workspace"] == str(tmp_path / "w")
    assert ran.json["pin"] == PIN
    assert ran.json["source"] in ("git", "pypi")
    assert ran.json["modules"] == [{"name": "DSConv", "flavor": "paper"}, {"name": "SPConv", "flavor": "paper"}]
    assert (ran.json["changed"], ran.json["created"]) == (True, True)
    assert ran.json["commit"] == git_in(tmp_path / "w", "rev-parse", "HEAD").strip()
    assert ran.json["tree"] == git_in(tmp_path / "w", "rev-parse", "HEAD^{tree}").strip()
    counted = git_in(tmp_path / "w", "diff", "--numstat", "HEAD~3", "HEAD").splitlines()
    expected = [line.split("\t") for line in counted]
    assert [(f["path"], str(f["added"]), "0") for f in ran.json["files"]] == [(p, a, r) for a, r, p in expected]


def test_a_workspace_is_an_ordinary_clean_checkout(workspace, git_in):
    assert git_in(workspace, "status", "--porcelain", "--ignored") == ""
    assert git_in(workspace, "fsck", "--full", "--strict") == ""
    assert git_in(workspace, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/yolopatch"]
    assert sorted(p.name for p in workspace.parent.iterdir()) == ["a workspace"], "nothing lies about beside it"
    git_in(workspace, "commit", "-q", "--allow-empty", "-m", "mine")


def test_one_commit_for_each_module_with_trailers(yolopatch, workspace, git_in):
    yolopatch(*_apply("DSConv", dest=workspace, flavor="tutorial"))
    subjects = git_in(workspace, "log", "--reverse", "--format=%s").splitlines()
    assert subjects == ["ultralytics 8.3.0, unchanged", "Add DSConv (tutorial)", "Add RefConv (paper)", STAMPED]
    trailers = git_in(workspace, "log", "-1", "--format=%(trailers:only)", "HEAD~1").splitlines()
    assert trailers[0] == f"Yolopatch-Pin: {PIN}"
    assert "Yolopatch-Module: RefConv" in trailers
    assert "Yolopatch-Flavor: paper" in trailers
    assert f"Yolopatch-Version: {__version__}" in trailers
    who = set(git_in(workspace, "log", "--format=%an %ae %at %cn %ce %ct").splitlines())
    one = "yolopatch yolopatch@users.noreply.github.com 1767225600"
    assert who == {f"{one} {one}"}


def test_applying_twice_changes_nothing(yolopatch, workspace, fingerprint):
    before = fingerprint(workspace)
    ran = yolopatch(*_apply("RefConv", "refconv", dest=workspace))
    assert (ran.code, ran.json["changed"]) == (0, False)
    assert list(ran.json) == STATE
    assert fingerprint(workspace) == before


@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize("flavor", FLAVORS)
def test_any_order_and_any_steps_give_one_commit_id(pin, flavor, yolopatch, tmp_path, need_pin):
    need_pin(pin)
    names = list(MODULES)
    at_once = yolopatch(*_apply(*names, repo=pin, dest=tmp_path / "all", flavor=flavor)).json
    backwards = tmp_path / "one by one"
    for name in reversed(names):
        ran = yolopatch(*_apply(name, repo=pin, dest=backwards, flavor=flavor))
        assert (ran.code, ran.json["changed"]) == (0, True)
    assert (ran.json["commit"], ran.json["tree"]) == (at_once["commit"], at_once["tree"])
    assert [m["name"] for m in ran.json["modules"]] == sorted(names, key=fold)
    for name in names[:-1]:
        ran = yolopatch("remove", "--module", name, backwards, "--json")
    alone = yolopatch(*_apply(names[-1], repo=pin, dest=tmp_path / "alone", flavor=flavor)).json
    assert ran.json["commit"] == alone["commit"]


def test_every_permutation_of_three(yolopatch, tmp_path, need_pin):
    need_pin(PIN)
    commits = set()
    for number, order in enumerate(itertools.permutations(["RefConv", "DSConv", "SPConv"])):
        dest = tmp_path / str(number)
        yolopatch(*_apply(*order[:2], dest=dest))
        commits.add(yolopatch(*_apply(order[2], dest=dest)).json["commit"])
    assert len(commits) == 1


def test_removing_the_last_module_leaves_the_pin(yolopatch, workspace, git_in):
    ran = yolopatch("remove", "--module", "refconv", workspace, "--json")
    assert (ran.code, ran.json["modules"], ran.json["files"]) == (0, [], [])
    assert list(ran.json) == STATE
    assert git_in(workspace, "log", "--format=%s").splitlines() == ["ultralytics 8.3.0, unchanged"]
    assert git_in(workspace, "status", "--porcelain", "--ignored") == ""
    again = yolopatch(*_apply("RefConv", dest=workspace))
    assert again.json["changed"] is True


def test_removing_what_is_not_there(yolopatch, workspace, fingerprint):
    before = fingerprint(workspace)
    ran = yolopatch("remove", "--module", "DSConv", workspace)
    assert ran.code == 1
    assert "does not have DSConv" in ran.err
    assert "it has: RefConv" in ran.err
    assert fingerprint(workspace) == before


@pytest.mark.parametrize("name", ["DSConv", "dsconv", "ds-conv", "DS_CONV", "DSConv2D", "C3k2_DSConv", "c3k2dsconv"])
def test_module_names_as_people_write_them(name, yolopatch, tmp_path, need_pin):
    need_pin(PIN)
    assert yolopatch(*_apply(name, dest=tmp_path / "w")).json["modules"] == [{"name": "DSConv", "flavor": "paper"}]


@pytest.mark.parametrize(
    ("repo", "modules", "pin"),
    [
        ("ultralytics", ["DSConv"], "ultralytics-8.3.0"),
        ("Ultralytics", ["RefConv"], "ultralytics-8.4.0"),
        ("ultralytics", ["SPConv_3x3"], "ultralytics-8.2.50"),
        ("ultralytics", ["DSConv", "RefConv"], "ultralytics-8.4.0"),  # the tutorials disagree: the newest
        ("ultralytics", ["Dynamic_conv2d"], "ultralytics-8.4.0"),  # its tutorial is of another upstream
        ("ultralytics@8.3.0", ["RefConv"], "ultralytics-8.3.0"),
        ("yolov5-pypi-6.1.0", ["Dynamic_conv2d"], "yolov5-pypi-6.1.0"),
        ("yolov5", ["Dynamic_conv2d"], "yolov5-6.1"),
        ("yolov5", ["SPConv"], "yolov5-6.1"),
    ],
)
def test_a_bare_upstream_means_the_tutorials_pin(repo, modules, pin, yolopatch, tmp_path, need_pin):
    need_pin(pin)
    assert yolopatch(*_apply(*modules, repo=repo, dest=tmp_path / "w")).json["pin"] == pin


def test_a_bare_upstream_means_the_version_of_a_workspace_that_is_there(yolopatch, workspace):
    ran = yolopatch(*_apply("SPConv", repo="ultralytics", dest=workspace))
    assert (ran.code, ran.json["pin"]) == (0, PIN)


def test_the_default_place_is_the_pins_name_here(yolopatch, tmp_path, monkeypatch, need_pin):
    need_pin(PIN)
    monkeypatch.chdir(tmp_path)
    ran = yolopatch("apply", "--repo", "ultralytics", "--module", "DSConv", "--json")
    assert ran.json["workspace"] == str(tmp_path / PIN)
    assert [path.name for path in tmp_path.iterdir()] == [PIN]


@pytest.mark.parametrize("dest", ["with space", "ünïcödé ✓", "-dash", "a'b\"c$d", "x" * 200, "deep/er/still"])
def test_places_with_odd_names(dest, yolopatch, tmp_path, monkeypatch, need_pin, git_in):
    need_pin(PIN)
    monkeypatch.chdir(tmp_path)
    ran = yolopatch("apply", "--repo", PIN, "--module", "DSConv", f"--dest={dest}", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["workspace"] == str(tmp_path / dest)
    assert git_in(tmp_path / dest, "status", "--porcelain") == ""
    assert yolopatch("status", "--json", "--", dest).json["clean"]
    assert yolopatch("remove", "--module", "DSConv", "--json", "--", dest).json["changed"]


def test_a_place_that_is_no_valid_text(yolopatch, spawn, tmp_path, need_pin):
    need_pin(PIN)
    dest = os.fsdecode(os.fsencode(tmp_path) + b"/n\xffon")
    ran = spawn("apply", "--repo", PIN, "--module", "DSConv", "--dest", dest, "--json")
    assert (ran.code, ran.json["workspace"]) == (0, dest)
    assert spawn("status", dest).code == 0


def test_an_empty_folder_is_kept_not_replaced(yolopatch, tmp_path, monkeypatch, need_pin, git_in):
    need_pin(PIN)
    place = tmp_path / "mine"
    place.mkdir(mode=0o750)
    inode = place.stat().st_ino
    monkeypatch.chdir(place)
    ran = yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", ".", "--json")
    assert (ran.code, ran.json["workspace"]) == (0, str(place))
    assert (place.stat().st_ino, place.stat().st_mode & 0o777) == (inode, 0o750)
    assert git_in(place, "status", "--porcelain", "--ignored") == ""
    assert not [path.name for path in place.iterdir() if "yolopatch" in path.name]
    assert not (place / ".git" / "yolopatch-switch").exists()


def test_a_link_to_the_place_is_followed(yolopatch, tmp_path, need_pin):
    need_pin(PIN)
    for target in ("empty", "missing"):
        if target == "empty":
            (tmp_path / target).mkdir()
        (tmp_path / f"link-{target}").symlink_to(target)
        ran = yolopatch(*_apply("DSConv", dest=tmp_path / f"link-{target}"))
        assert (ran.code, ran.json["workspace"]) == (0, str(tmp_path / target))
        assert (tmp_path / f"link-{target}").is_symlink()
        assert yolopatch(*_apply("SPConv", dest=tmp_path / f"link-{target}")).code == 0


def test_a_place_inside_another_repository(yolopatch, tmp_path, need_pin, git_in):
    need_pin(PIN)
    outer = tmp_path / "outer"
    outer.mkdir()
    git_in(outer, "init", "-q")
    git_in(outer, "commit", "-q", "--allow-empty", "-m", "theirs")
    head = git_in(outer, "rev-parse", "HEAD")
    assert yolopatch(*_apply("DSConv", dest=outer / "ws")).code == 0
    assert yolopatch("remove", "--module", "DSConv", outer / "ws").code == 0
    assert git_in(outer, "rev-parse", "HEAD") == head
    assert git_in(outer, "status", "--porcelain") == "?? ws/\n"


def test_inside_a_git_hook_that_names_another_repository(spawn, tmp_path, need_pin, git_in, fingerprint):
    need_pin(PIN)
    outer = tmp_path / "outer"
    outer.mkdir()
    git_in(outer, "init", "-q")
    git_in(outer, "commit", "-q", "--allow-empty", "-m", "theirs")
    before = fingerprint(outer)
    hook = {
        "GIT_DIR": str(outer / ".git"),
        "GIT_WORK_TREE": str(outer),
        "GIT_INDEX_FILE": str(outer / ".git" / "index"),
        "GIT_PREFIX": "",
        "GIT_QUARANTINE_PATH": str(outer / ".git" / "objects"),
        "GIT_OBJECT_DIRECTORY": str(outer / ".git" / "objects"),
        "GIT_EXTERNAL_DIFF": "false",
    }
    place = tmp_path / "ws"
    assert spawn(*_apply("DSConv", dest=place), **hook).code == 0
    assert spawn(*_apply("SPConv", dest=place), **hook).code == 0
    assert spawn("status", place, **hook).code == 0
    assert "dsconv.py" in spawn("diff", place, **hook).out
    assert fingerprint(outer) == before


def test_the_users_git_settings_change_no_id(yolopatch, spawn, tmp_path, need_pin, git_in):
    need_pin(PIN)
    plain = yolopatch(*_apply("DSConv", "SPConv", dest=tmp_path / "plain")).json
    trap = tmp_path / "sprung"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {trap}\n")
        (hooks / name).chmod(0o755)
    (tmp_path / "attributes").write_text("* text eol=crlf\n")
    config = tmp_path / "gitconfig"
    config.write_text(
        f"[core]\n\tautocrlf = true\n\teol = crlf\n\thooksPath = {hooks}\n\tfsmonitor = touch {trap}\n"
        f"\tattributesFile = {tmp_path}/attributes\n\tpager = false\n\tquotePath = true\n"
        f"[commit]\n\tgpgsign = true\n[init]\n\ttemplateDir = {hooks}\n\tdefaultBranch = trunk\n"
        "[safe]\n\tbareRepository = explicit\n[i18n]\n\tcommitEncoding = ISO-8859-1\n\tlogOutputEncoding = UTF-16\n"
        "[diff]\n\tnoprefix = true\n\texternal = false\n\tcontext = 0\n\trenames = copies\n"
        "[log]\n\tshowSignature = true\n\tdate = relative\n[color]\n\tui = always\n[status]\n\tshort = true\n"
        "[user]\n\tuseConfigOnly = true\n"
    )
    odd = {
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_AUTHOR_NAME": "X",
        "GIT_COMMITTER_DATE": "2001-01-01",
        "TZ": "Asia/Tokyo",
    }
    place = tmp_path / "odd"
    spawn(*_apply("SPConv", dest=place), **odd)
    ran = spawn(*_apply("DSConv", dest=place), **odd)
    assert ran.code == 0, ran.err
    assert (ran.json["commit"], ran.json["tree"]) == (plain["commit"], plain["tree"])
    assert not trap.exists(), "nothing of the user's hooks ran"
    parser = PINS[PIN].layout.parser
    assert (place / parser).read_bytes() == (tmp_path / "plain" / parser).read_bytes()
    assert spawn("status", place, "--json", **odd).json["clean"]
    assert spawn("diff", place, **odd).out == yolopatch("diff", tmp_path / "plain").out


@pytest.mark.more
def test_a_git_whose_branches_are_no_files_names_the_branch_itself(yolopatch, tmp_path, need_pin, git_in, monkeypatch):
    """git 2.45 and newer keep refs in tables, if the user's settings say so; the git here may be older."""
    need_pin(PIN)
    run, asked = Repository.run, []

    def with_tables(repository, *arguments, **options):
        asked.append(arguments)
        said = run(repository, *arguments, **options)
        if arguments[0] == "init":
            (repository.path / ".git" / "reftable").mkdir()
        return said

    monkeypatch.setattr(Repository, "run", with_tables)
    dest = tmp_path / "workspace"
    assert yolopatch(*_apply("DSConv", dest=dest)).code == 0
    assert ("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}") in asked
    assert git_in(dest, "symbolic-ref", "--short", "HEAD").strip() == BRANCH


def test_no_torch_no_jinja_no_upstream_for_what_does_not_need_them(workspace, tmp_path):
    script = (
        "import sys\nfrom yolopatch.cli.run import run\n"
        "code = run(sys.argv[1:])\n"
        "heavy = {'torch', 'numpy', 'ultralytics', 'platformdirs', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'{code} {sorted(heavy)}' if code or heavy else 0)\n"
    )
    calls = [
        ["--help"],
        ["apply", "--help"],
        ["list"],
        ["list", "pins"],
        ["status", str(workspace)],
        ["diff", str(workspace)],
        [str(word) for word in _apply("DSConv", dest=workspace)],
        ["remove", "--module", "DSConv", str(workspace)],
    ]
    for call in calls:
        done = subprocess.run([sys.executable, "-c", script, *call], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, (call, done.stderr)
    call = ["render-cfg", "--module", "DSConv", "--out", str(tmp_path / "cfg")]
    done = subprocess.run(
        [sys.executable, "-c", script.replace(", 'jinja2'", ""), *call], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_diff_applies_to_the_pin(yolopatch, workspace, pristine_tree, tmp_path, git_in):
    yolopatch(*_apply("DSConv", dest=workspace))
    scratch = tmp_path / "scratch"
    git_in(tmp_path, "clone", "-q", str(pristine_tree(PIN)), str(scratch))
    for arguments in ([], ["--module", "refconv"], ["--module", "C3k2_DSConv"]):
        ran = yolopatch("diff", workspace, *arguments)
        assert ran.code == 0
        (tmp_path / "d.patch").write_text(ran.out)
        git_in(scratch, "apply", "--index", str(tmp_path / "d.patch"))
        if not arguments:
            tree = git_in(workspace, "rev-parse", "HEAD^{tree}")
            assert git_in(scratch, "write-tree") == tree
        git_in(scratch, "reset", "-q", "--hard")
    told = yolopatch("diff", workspace, "--json").json
    assert list(told) == ["workspace", "pin", "modules", "compat", "seeds", "diff"]
    assert yolopatch("diff", workspace, "--module", "SPConv").code == 1


def test_diff_shows_the_users_commits_byte_for_byte(workspace, git_in):
    (workspace / "latin.txt").write_bytes("für\n".encode("latin-1"))
    git_in(workspace, "add", "latin.txt")
    git_in(workspace, "commit", "-q", "-m", "mine")
    command = [sys.executable, "-m", "yolopatch", "diff", str(workspace)]
    assert b"+f\xfcr\n" in subprocess.run(command, check=True, capture_output=True).stdout
    assert subprocess.run([*command, "--json"], check=True, capture_output=True).stdout.count(b"\n") == 1
