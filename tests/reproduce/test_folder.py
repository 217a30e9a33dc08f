"""`yolopatch reproduce` leaves the post's files in the post's places, says what they are, and touches no edit."""

from __future__ import annotations

import errno
import json
import subprocess
from pathlib import Path

import pytest

from yolopatch.catalog.reproduce.recipes import RECIPES
from yolopatch.core.text import sha256
from yolopatch.outside.files.staging import write_whole
from yolopatch.outside.reproduce import reproduction_folder
from yolopatch.outside.workspace import build

TUTORIALS = [(id_, recipe.tutorial.pin) for id_, recipe in RECIPES.items()]
PLACES = {
    "yolo26-refconv": "ultralytics/cfg/models/26/yolo26-RefConv.yaml",
    "yolo26-dynamicconv": "ultralytics/cfg/models/26/yolo26-DynamicConv.yaml",
    "yolov8-spconv": "ultralytics/cfg/models/v8/yolov8-SPConv.yaml",
    "yolo11-c3k2-dsconv": "yolo11-C3k2-DSConv.yaml",
    "yolov5-dynamic": "models/yolov5_dynamic.yaml",
}
REFCONV = {"pin": "ultralytics-8.4.0"}


@pytest.mark.parametrize(("tutorial", "pin"), TUTORIALS)
def test_the_folder_holds_workspace_yaml_script_and_page(tutorial, pin, reproduced):
    folder, ran = reproduced(tutorial, pin=pin)
    recipe = RECIPES[tutorial]
    assert ran.json["pin"] == pin
    assert (folder / "workspace" / PLACES[tutorial]).is_file()
    compile((folder / "workspace" / recipe.script).read_text(), recipe.script, "exec")
    page = (folder / "REPRODUCE.md").read_text()
    assert ran.json["commit"] in page
    assert recipe.title.replace("|", "\\|") in page
    assert all(departure["what"] in page for departure in ran.json["departures"])


@pytest.mark.parametrize(("tutorial", "pin"), TUTORIALS)
def test_the_page_tells_the_figures_of_every_scale(tutorial, pin, reproduced):
    folder, _ = reproduced(tutorial, pin=pin)
    rows = [line for line in (folder / "REPRODUCE.md").read_text().splitlines() if line.startswith(("| n |", "| x |"))]
    assert len(rows) == 2
    assert {"yolo26-refconv": "2,571,320", "yolov5-dynamic": "2,078,877"}.get(tutorial, "") in rows[0]


def test_the_workspace_is_that_of_apply_down_to_the_commit(reproduced, yolopatch, tmp_path):
    _, ran = reproduced("yolo26-refconv", **REFCONV)
    applied = yolopatch(
        *("apply", "--repo", "ultralytics-8.4.0", "--module", "RefConv", "--flavor", "tutorial"),
        *("--dest", tmp_path / "applied", "--json"),
    )
    assert ran.json["commit"] == applied.json["commit"]


def test_the_paper_flavor_stands_in_the_same_place(reproduced):
    folder, ran = reproduced("yolo26-refconv", "--flavor", "paper", **REFCONV)
    assert "Conv_RefConv" in (folder / "workspace" / PLACES["yolo26-refconv"]).read_text()
    assert ran.json["flavor"] == "paper"
    assert "--flavor paper" in (folder / "REPRODUCE.md").read_text()


def test_the_repackaged_yolov5_serves_where_github_does_not(reproduced):
    folder, ran = reproduced("yolov5-dynamic", "--repo", "yolov5-pypi-6.1.0", pin="yolov5-pypi-6.1.0")
    assert ran.json["pin"] == "yolov5-pypi-6.1.0"
    assert (folder / "workspace/yolov5/models/yolov5_dynamic.yaml").is_file()
    assert "yolov5-pypi-6.1.0, a repackaging" in (folder / "REPRODUCE.md").read_text()


def test_the_fix_patches_are_told_wherever_somebody_looks(reproduced, yolopatch, bare_python):
    asked = ("yolov8-spconv", "--compat", "--seeds")
    folder, ran = reproduced(*asked, pin="ultralytics-8.2.50")
    status = yolopatch("status", folder / "workspace", "--json").json
    assert [told[name] for told in (ran.json, status) for name in ("compat", "seeds")] == [True] * 4
    page = (folder / "REPRODUCE.md").read_text()
    assert "| compatibility patch | applied: fixed for newer libraries |" in page
    assert "| seed patch | applied: the seed reaches the workers that load images |" in page
    assert "- another seed gives other batches" in page
    assert ran.json["departures"][-1]["what"] in page
    assert "yolopatch reproduce yolov8-spconv --compat --seeds --dest . --run" in page
    assert "yolopatch reproduce yolov8-spconv --flavor paper --compat --seeds" in page
    again = yolopatch("reproduce", *asked, "--dest", folder, "--python", bare_python)
    assert "ultralytics-8.2.50, compat, seeds" in again.out
    assert f"--compat --seeds --dest '{folder}' --run" in again.out


def test_a_fix_patch_that_the_pin_does_not_need_is_not_told_as_applied(reproduced):
    folder, ran = reproduced("yolo26-refconv", "--compat", **REFCONV)
    page = (folder / "REPRODUCE.md").read_text()
    assert "| compatibility patch | not needed: it runs with the newest libraries without changes |" in page
    assert "| seed patch | not applied |" in page
    assert "another seed" not in page + json.dumps(ran.json["departures"])


def test_a_fix_patch_that_was_added_by_hand_is_refused_with_the_command_back(reproduced, yolopatch, bare_python):
    folder, _ = reproduced("yolo26-refconv", **REFCONV)
    place = folder / "workspace"
    assert yolopatch("apply", "--repo", REFCONV["pin"], "--seeds", "--dest", place).code == 0
    again = ("reproduce", "yolo26-refconv", "--dest", folder, "--python", bare_python)
    ran = yolopatch(*again)
    assert (ran.code, "found:    RefConv (tutorial), the seed patch" in ran.err) == (3, True)
    assert f"yolopatch remove --seeds '{place}'" in ran.err
    assert yolopatch("remove", "--seeds", place).code == 0
    assert yolopatch(*again).code == 0


def test_a_fix_patch_that_was_removed_by_hand_is_missed_with_the_command_back(reproduced, yolopatch, bare_python):
    folder, _ = reproduced("yolo26-refconv", "--seeds", **REFCONV)
    place = folder / "workspace"
    assert yolopatch("remove", "--seeds", place).code == 0
    ran = yolopatch("reproduce", "yolo26-refconv", "--seeds", "--dest", folder, "--python", bare_python)
    assert ran.code == 3
    assert f"yolopatch apply --repo {REFCONV['pin']} --seeds --dest '{place}'" in ran.err


def test_a_folder_of_before_the_seed_patch_is_one_without_it(reproduced):
    folder, _ = reproduced("yolo26-refconv", **REFCONV)
    record = folder / "reproduce.json"
    old = json.loads(record.read_text())
    del old["seeds"]
    record.write_text(json.dumps(old))
    assert reproduced("yolo26-refconv", dest=folder, **REFCONV)[1].json["seeds"] is False


def test_where_nothing_can_be_built_the_page_says_why_and_what_next(reproduced):
    folder, ran = reproduced("yolo26-refconv", **REFCONV)
    assert ran.json["measured"] is None
    assert "nothing was measured" in ran.err
    assert "nothing was measured" in (folder / "REPRODUCE.md").read_text()


def test_the_same_command_again_changes_nothing(reproduced, fingerprint):
    folder, _ = reproduced("yolo26-refconv", **REFCONV)
    before = fingerprint(folder)
    reproduced("yolo26-refconv", dest=folder, **REFCONV)
    assert fingerprint(folder) == before


def test_what_is_missing_is_made_again(reproduced):
    folder, _ = reproduced("yolo26-refconv", **REFCONV)
    script = folder / "workspace" / "train.py"
    text = script.read_text()
    script.unlink()
    reproduced("yolo26-refconv", dest=folder, **REFCONV)
    assert script.read_text() == text


def test_an_edited_yaml_is_shown_with_its_sums_and_not_refused(reproduced):
    folder, _ = reproduced("yolo26-refconv", **REFCONV)
    cfg = folder / "workspace" / PLACES["yolo26-refconv"]
    expected = sha256(cfg.read_bytes())
    cfg.write_text(cfg.read_text().replace("nc: 80", "nc: 3"))
    _, ran = reproduced("yolo26-refconv", dest=folder, **REFCONV)
    assert f"expected {expected[:12]}, found {sha256(cfg.read_bytes())[:12]}" in ran.err
    assert "nc: 3" in cfg.read_text()


def test_changes_in_the_workspace_are_used_and_said(reproduced, git_in):
    folder, _ = reproduced("yolo26-refconv", **REFCONV)
    workspace = folder / "workspace"
    (workspace / "LICENSE").open("a").write("mine\n")
    git_in(workspace, "commit", "-q", "-a", "-m", "Say something else")
    (workspace / "ultralytics/nn/tasks.py").open("a").write("\n# mine\n")
    _, ran = reproduced("yolo26-refconv", dest=folder, **REFCONV)
    assert "edited ultralytics/nn/tasks.py" in ran.err
    assert "Say something else" in ran.err


@pytest.mark.parametrize("other", [("--flavor", "paper"), ("--compat",), ("--seeds",)])
def test_a_folder_of_another_reproduction_is_refused(other, reproduced, yolopatch, bare_python, fingerprint):
    folder, _ = reproduced("yolov8-spconv", pin="ultralytics-8.2.50")
    before = fingerprint(folder)
    ran = yolopatch("reproduce", "yolov8-spconv", "--dest", folder, "--python", bare_python, *other)
    assert ran.code == 3
    assert "contains another reproduction" in ran.err
    assert fingerprint(folder) == before


def test_a_folder_of_the_users_is_refused(tmp_path, yolopatch, need_pin, fingerprint):
    need_pin("ultralytics-8.4.0")
    (tmp_path / "notes.txt").write_text("mine")
    before = fingerprint(tmp_path)
    ran = yolopatch("reproduce", "yolo26-refconv", "--dest", tmp_path)
    assert ran.code == 3
    assert "notes.txt" in ran.err
    assert fingerprint(tmp_path) == before


def test_a_folder_whose_making_was_killed_is_completed(reproduced):
    folder, ran = reproduced("yolo26-refconv", **REFCONV)
    for name in ("REPRODUCE.md", "reproduce.json", "workspace/train.py"):
        (folder / name).unlink()
    _, again = reproduced("yolo26-refconv", dest=folder, **REFCONV)
    assert again.json["commit"] == ran.json["commit"]
    assert json.loads((folder / "reproduce.json").read_text())["tutorial"] == "yolo26-refconv"


def test_a_folder_whose_record_was_being_written_is_completed(reproduced, tmp_path, monkeypatch):
    written = write_whole

    def killed(file: Path, data: bytes) -> None:
        written(file, data)
        if file.name == "REPRODUCE.md":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(reproduction_folder, "write_whole", killed)
        with pytest.raises(AssertionError, match="interrupted"):
            reproduced("yolo26-refconv", dest=tmp_path / "killed", **REFCONV)
    folder, _ = reproduced("yolo26-refconv", dest=tmp_path / "killed", **REFCONV)
    assert "REPRODUCE.md" in json.loads((folder / "reproduce.json").read_text())["files"]


@pytest.mark.parametrize("name", ["train.py", "reproduce.json", "REPRODUCE.md"])
def test_what_was_made_before_a_file_could_not_be_written_is_kept_and_the_command_says_so(
    name, reproduced, bare_python, yolopatch, tmp_path, need_pin, monkeypatch
):
    need_pin(REFCONV["pin"])
    folder, real = tmp_path / "half", write_whole

    def full(file: Path, data: bytes) -> None:
        if file.name == name:
            raise OSError(errno.EIO, "Input/output error", str(file))
        real(file, data)

    with monkeypatch.context() as patched:
        patched.setattr(reproduction_folder, "write_whole", full)
        ran = yolopatch("reproduce", "yolo26-refconv", "--dest", folder, "--python", bare_python)
    assert ran.code == 1
    assert f"kept: {folder}; the same command goes on from it" in ran.err
    assert "nothing was changed" not in ran.err
    assert reproduced("yolo26-refconv", dest=folder, **REFCONV)[1].code == 0
    assert {"train.py", "reproduce.json", "REPRODUCE.md"} <= {file.name for file in folder.rglob("*")}


def test_a_wrong_option_of_a_run_says_that_the_folder_is_kept(reproduced, bare_python, yolopatch):
    folder, _ = reproduced("yolo26-refconv", **REFCONV)
    ran = yolopatch("reproduce", "yolo26-refconv", "--dest", folder, "--python", bare_python, "--run")
    assert ran.code == 1
    assert f"kept: {folder}; the same command goes on from it" in ran.err


def test_a_python_that_does_not_exist_makes_no_folder(yolopatch, need_pin, tmp_path):
    need_pin(REFCONV["pin"])
    ran = yolopatch("reproduce", "yolo26-refconv", "--dest", tmp_path / "new", "--python", "/no/such/python")
    assert (ran.code, list(tmp_path.iterdir())) == (1, []), ran.err


@pytest.mark.parametrize("left", [".yolopatch-0a1b2c3d/.yolopatch.lock", ".yolopatch-0a1b2c3d.part", "workspace/"])
def test_a_folder_whose_workspace_was_being_built_is_completed(left, reproduced, tmp_path):
    folder = tmp_path / "killed"
    file = folder / left
    (file if left.endswith("/") else file.parent).mkdir(parents=True)
    if not left.endswith("/"):
        file.write_text("")
    reproduced("yolo26-refconv", dest=folder, **REFCONV)
    assert (folder / "workspace" / "train.py").is_file()
    assert not (folder / ".yolopatch-0a1b2c3d").exists()


def test_of_two_tutorials_at_once_in_one_folder_the_first_gets_it(reproduced, yolopatch, tmp_path, monkeypatch, git_in):
    folder, real = tmp_path / "one", build._populate

    def overtaken(*arguments):
        real(*arguments)
        monkeypatch.setattr(build, "_populate", real)
        reproduced("yolo26-refconv", dest=folder, **REFCONV)

    monkeypatch.setattr(build, "_populate", overtaken)
    ran = yolopatch("reproduce", "yolo26-dynamicconv", "--dest", folder)
    assert ran.code == 3
    assert f"{folder} contains another reproduction; nothing was changed" in ran.err
    assert json.loads((folder / "reproduce.json").read_text())["tutorial"] == "yolo26-refconv"
    assert "DynamicConv" not in git_in(folder / "workspace", "log", "--format=%s")


def test_a_workspace_whose_switch_was_killed_is_finished(reproduced, git_in):
    folder, _ = reproduced("yolo26-refconv", **REFCONV)
    workspace = folder / "workspace"
    head = git_in(workspace, "rev-parse", "HEAD").strip()
    # killed while a new workspace was moved into an empty folder: the last files are still missing
    (workspace / ".git/yolopatch-switch").write_text(json.dumps({"from": None, "to": head}))
    (workspace / "LICENSE").unlink()
    _, again = reproduced("yolo26-refconv", dest=folder, **REFCONV)
    assert "an earlier run was interrupted; its changes are finished now" in again.err
    assert (workspace / "LICENSE").is_file()


def test_git_shows_nothing_but_the_posts_two_files(reproduced):
    folder, _ = reproduced("yolo26-refconv", **REFCONV)
    shown = subprocess.run(
        ["git", "-C", str(folder / "workspace"), "status", "--porcelain"], capture_output=True, text=True, check=True
    ).stdout
    assert {Path(line[3:]).name for line in shown.splitlines()} == {"yolo26-RefConv.yaml", "train.py"}


def test_an_unknown_tutorial_gets_the_nearest(yolopatch):
    ran = yolopatch("reproduce", "yolo26-refcon")
    assert ran.code == 2
    assert "did you mean yolo26-refconv" in ran.err


def test_an_option_of_a_run_needs_a_run(yolopatch):
    ran = yolopatch("reproduce", "yolo26-refconv", "--epochs", 3)
    assert ran.code == 2
    assert "--epochs needs --run" in ran.err
