"""`yolopatch` without a command: where the user is, and a next command that works when it is typed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from yolopatch.core.text import cells_of
from yolopatch.outside.workspace.verdict import LastVerdict, read_verdict, write_verdict

PIN = "ultralytics-8.3.0"
CFG = "yolo11n-RefConv.yaml"
PASTED = "import torch.nn as nn\n\n\nclass MyConv(nn.Module):\n    pass\n"
DATA = "train: images/train\nval: images/val\nnames: [disc]\n"
MODEL = "nc: 80\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\nhead:\n  - [-1, 1, Detect, [nc]]\n"
PASSED = LastVerdict("pass", CFG, "n", (), 31, 31, "0" * 40, False, "2026-11-28T03:01:02+00:00")


def next_command(yolopatch) -> list[str]:
    """Return the words of the command that is named, without `yolopatch`."""
    program, *words = shlex.split(yolopatch("--json").json["next"]["command"])
    assert program == "yolopatch"
    return words


def write_run(folder: Path, *mAP50: float, time: float | None = None) -> None:
    folder.mkdir(parents=True)
    rows = [f"{epoch},0.5,0.5,{value},{value / 2}" for epoch, value in enumerate(mAP50, 1)]
    head = "epoch,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),metrics/mAP50-95(B)"
    (folder / "results.csv").write_text("\n".join([head, *rows, ""]))
    if time:
        os.utime(folder / "results.csv", (time, time))


def test_an_empty_folder_gets_the_first_command(yolopatch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = yolopatch()
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "no workspace in this folder, and none around it",
        "  next      yolopatch apply --repo ultralytics --module DSConv --dest my-yolo",
        "            it makes a workspace with a module",
        "every command: yolopatch --help",
    ]
    told = yolopatch("--json").json
    assert told == {
        "folder": str(tmp_path),
        "workspace": None,
        "verified": None,
        "run": None,
        "found": [],
        "next": {
            "command": "yolopatch apply --repo ultralytics --module DSConv --dest my-yolo",
            "why": "it makes a workspace with a module",
        },
    }


@pytest.mark.more
def test_a_workspace_is_led_from_apply_to_a_training(workspace, yolopatch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the folder that has the workspace, as people work
    shown = yolopatch().out
    assert shown.splitlines()[:2] == ["clean", f"  workspace {workspace}"]
    assert "modules   RefConv (paper)" in shown
    assert "verified  not yet" in shown

    words = next_command(yolopatch)
    assert words[:3] == ["render-cfg", "--module", "RefConv"]
    assert yolopatch(*words).code == 0
    words = next_command(yolopatch)
    assert words == ["verify", "a workspace", "--cfg", CFG]
    assert yolopatch(*words, "--check", "build").code == 0
    told = yolopatch("--json").json["verified"]
    assert (told["verdict"], told["scale"], told["ran"], told["current"]) == ("pass", "n", 1, True)
    assert f"verified  pass for {CFG} (n), 1 of {told['of']} checks, on {told['date'][:10]}" in yolopatch().out

    # one check of many proves little
    assert next_command(yolopatch) == ["verify", "a workspace", "--cfg", CFG]
    assert "may still find something" in yolopatch().out
    commit = yolopatch("status", workspace, "--json").json["commit"]
    write_verdict(workspace, replace(PASSED, commit=commit))
    words = next_command(yolopatch)
    assert words == ["data", "shapes", "--out", "shapes"]
    assert yolopatch(*words, "--images", "4").code == 0
    data = tmp_path / "shapes" / "data.yaml"
    words = next_command(yolopatch)
    assert words == ["env", "run", "a workspace", "--", "yolo", "train", f"model={CFG}", f"data={data}"]

    write_run(workspace / "runs" / "detect" / "train", 0.1, 0.25)
    told = yolopatch("--json").json
    folder = str(workspace / "runs" / "detect" / "train")
    assert told["run"] == {"folder": folder, "epochs": 2, "mAP50": 0.25, "mAP50-95": 0.125}
    assert "trained   runs/detect/train: 2 epochs, mAP50 0.250, mAP50-95 0.125" in yolopatch().out
    assert next_command(yolopatch) == ["compare", folder]


def test_a_verdict_of_another_commit_is_told_and_asked_for_again(workspace, yolopatch, monkeypatch):
    monkeypatch.chdir(workspace)
    assert yolopatch("render-cfg", "--module", "RefConv", "--model", "yolo11", "--scale", "n").code == 0
    write_verdict(workspace, PASSED)
    shown = yolopatch().out
    assert f"verified  pass for {CFG} (n), 31 of 31 checks, on 2026-11-28\n" in shown
    assert "another commit was checked out then" in shown
    assert next_command(yolopatch) == ["verify", ".", "--cfg", CFG]


@pytest.mark.parametrize("name", ["yolo11n-a.yaml", "yolo11n-z.yaml"])
def test_of_several_models_the_verified_one_is_trained(name, workspace, yolopatch, monkeypatch):
    monkeypatch.chdir(workspace)
    assert yolopatch("render-cfg", "--module", "RefConv", "--model", "yolo11", "--scale", "n").code == 0
    shutil.copy(CFG, name)
    assert yolopatch("data", "shapes", "--out", "../shapes", "--images", "4").code == 0
    commit = yolopatch("status", "--json").json["commit"]
    for verified in (name, CFG):
        write_verdict(workspace, replace(PASSED, cfg=verified, commit=commit))
        assert f"model={verified}" in next_command(yolopatch)


def test_a_failure_leads_to_its_page_and_edits_are_told(workspace, yolopatch, monkeypatch):
    monkeypatch.chdir(workspace)
    assert yolopatch("render-cfg", "--module", "RefConv", "--model", "yolo11", "--scale", "n").code == 0
    commit = yolopatch("status", "--json").json["commit"]
    write_verdict(workspace, LastVerdict("fail", CFG, "n", ("build",), 31, 31, commit, False, PASSED.date))
    shown = yolopatch().out
    assert f"verified  fail for {CFG}" in shown
    assert "  failed    build\n" in shown
    assert next_command(yolopatch) == ["verify", ".", "--cfg", CFG, "--report", "report.html"]
    with (workspace / "ultralytics" / "nn" / "tasks.py").open("a") as stream:
        stream.write("# mine\n")
    assert "changed by you" in yolopatch().out
    assert next_command(yolopatch) == ["verify", ".", "--cfg", CFG]


def test_the_newest_training_counts_and_a_damaged_table_does_not(workspace, yolopatch, monkeypatch):
    monkeypatch.chdir(workspace)
    write_run(workspace / "runs" / "detect" / "train", 0.9, time=1_000)
    write_run(workspace / "runs" / "segment" / "mine" / "train2", 0.3, time=2_000)
    broken = workspace / "runs" / "detect" / "broken"
    broken.mkdir()
    (broken / "results.csv").write_bytes(b"\xff\x00 no table\n1,2\n")
    assert yolopatch("--json").json["run"]["mAP50"] == 0.3


@pytest.mark.parametrize(
    ("files", "kind", "command"),
    [
        ({"shapes/data.yaml": DATA}, "data set", "yolopatch data check shapes/data.yaml"),
        ({"best.pt": "not even a zip"}, "checkpoint", "yolopatch restore best.pt"),
        ({"my conv.py": PASTED}, "module", "yolopatch add 'my conv.py'"),
        ({"Some-YOLO/ultralytics/nn/tasks.py": ""}, "fork", "yolopatch adopt Some-YOLO"),
        ({"ultralytics/nn/tasks.py": ""}, "fork", "yolopatch adopt ."),
        ({"grid.toml": "[[arm]]\nname = 'base'\n"}, "grid", "yolopatch ablate grid.toml --dry-run"),
        (
            {"m.yaml": MODEL.replace("Conv,", "C3k2_DSConv,")},
            "model YAML",
            "yolopatch apply --repo ultralytics --module DSConv --dest my-yolo",
        ),
        ({"m.yaml": MODEL}, "model YAML", "yolopatch render-cfg --from m.yaml --module DSConv --out rendered"),
    ],
)
def test_what_lies_in_a_folder_is_told_with_its_command(files, kind, command, yolopatch, tmp_path, monkeypatch):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "notes.yaml").write_text("just: notes\n")
    (tmp_path / "script.py").write_text("print('no module')\n")
    monkeypatch.chdir(tmp_path)
    told = yolopatch("--json").json
    assert [(one["kind"], one["command"]) for one in told["found"]] == [(kind, command)]
    assert told["next"]["command"] == command
    assert kind in yolopatch().out


def test_many_files_are_counted(yolopatch, tmp_path, monkeypatch):
    for number in range(12):
        (tmp_path / f"{number:02}.pt").touch()
    monkeypatch.chdir(tmp_path)
    assert "  and 4 more: yolopatch --json lists them" in yolopatch().out
    assert len(yolopatch("--json").json["found"]) == 12


def _odd(folder: Path) -> None:
    (folder / "deep.yaml").write_text("[" * 5000)
    (folder / "huge.yaml").write_text("a: " + "b" * 2**20)
    (folder / "bytes.py").write_bytes(b"\xff\xfe\x00class X(nn.Module):")
    (folder / "aliases.yaml").write_text("a: &a [1]\nb: &b [*a, *a]\nbackbone: [*b, *b]\nhead: 3\n")
    (folder / "numbers.yaml").write_text(
        "1: 2\nbackbone: [[1, 2, 3, 4], x]\nhead: [[-1, 1, !!python/name:os.system, []]]\n"
    )
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "gone.pt").symlink_to(folder / "nothing")
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    (folder / os.fsdecode(b"\xff\x1b[2J.pt")).touch()
    (folder / "half" / ".git").mkdir(parents=True)
    (folder / "half" / ".git" / "packed-refs").write_bytes(b"\xff\n" + b"0" * 40 + b" refs/heads/yolopatch\n")


def test_odd_files_are_no_bug(yolopatch, tmp_path, monkeypatch):
    _odd(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = yolopatch()
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    assert yolopatch("--json").code == 0


def test_a_repository_that_is_no_workspace_is_none(yolopatch, tmp_path, monkeypatch, git_in):
    git_in(tmp_path, "init", "-q")
    git_in(tmp_path, "commit", "-q", "--allow-empty", "-m", "mine")
    git_in(tmp_path, "branch", "yolopatch")
    monkeypatch.chdir(tmp_path)
    told = yolopatch("--json")
    assert (told.code, told.json["workspace"]) == (0, None)


def test_a_folder_that_is_gone_is_an_error_with_its_reason(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    code = (
        "import os, sys; from yolopatch.cli.run import run; os.chdir(sys.argv[1]); os.rmdir('../gone'); exit(run([]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "error: " in done.stderr


@pytest.mark.parametrize(
    "text",
    ["", "[]", "nonsense", '{"verdict": "pass"}', "[" * 100_000, json.dumps({"verdict": "great", "x": 1})],
)
def test_a_record_of_a_stranger_is_no_verdict(text, tmp_path):
    (tmp_path / ".git").mkdir()
    write_verdict(tmp_path, PASSED)
    assert read_verdict(tmp_path) == PASSED
    (tmp_path / ".git" / "yolopatch-verified.json").write_text(text)
    assert read_verdict(tmp_path) is None


@pytest.mark.parametrize(
    ("key", "value"), [("failed", "all"), ("failed", [1]), ("ran", "x"), ("verdict", "great"), ("edited", 1)]
)
def test_a_record_with_another_value_is_no_verdict(key, value, tmp_path):
    (tmp_path / ".git").mkdir()
    write_verdict(tmp_path, PASSED)
    file = tmp_path / ".git" / "yolopatch-verified.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
    assert read_verdict(tmp_path) is None


def test_the_record_goes_with_a_copy_and_git_does_not_see_it(workspace, tmp_path, git_in):
    write_verdict(workspace, PASSED)
    assert git_in(workspace, "status", "--porcelain") == ""
    shutil.copytree(workspace, tmp_path / "copy")
    assert read_verdict(tmp_path / "copy") == PASSED


def test_json_in_front_of_a_command_is_wrong_usage(yolopatch):
    ran = yolopatch("--json", "list")
    assert ran.code == 2
    assert "next: yolopatch list ... --json" in ran.err


def test_neither_torch_nor_gitpython_is_imported(spawn, tmp_path):
    ran = spawn(python=("-X", "importtime"), cwd=tmp_path)
    assert ran.code == 0
    imported = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert not imported & {"torch", "numpy", "jinja2", "rich"}


def test_the_lines_of_an_empty_folder_fit_80_columns(yolopatch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert max(map(cells_of, yolopatch().out.splitlines())) <= 80
