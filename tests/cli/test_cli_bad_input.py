"""Bad input: the exact exit code, what and where, expected and found, the nearest names, and an unchanged disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from yolopatch.catalog import resources
from yolopatch.steps.model import listing
from yolopatch.steps.workspace import patchset

PIN = "ultralytics-8.3.0"
URL = "https://github.com/ultralytics/ultralytics"
PORT = "make a pin of it: yolopatch port --to ultralytics==8.3.120 --save"


@pytest.mark.parametrize(
    ("arguments", "named", "near"),
    [
        (["aply"], "unknown command 'aply'", "did you mean apply"),
        (["xyzzy"], "unknown command 'xyzzy'", "yolopatch --help"),
        (["list", "modulse"], "unknown name 'modulse'", "did you mean modules"),
        (["apply", "--repo", "ultralitics", "--module", "DSConv"], "'ultralitics'", "did you mean ultralytics"),
        (["apply", "--repo", "ultralytics-8.3.1", "--module", "DSConv"], "'ultralytics-8.3.1'", "ultralytics-8.3.0"),
        (["apply", "--repo", "ultralytics==8.3.0", "--module", "DSConv"], "'ultralytics==8.3.0'", "ultralytics-8.3.0"),
        (["apply", "--repo", "8.3.0", "--module", "DSConv"], "'8.3.0'", "did you mean ultralytics-8.3.0?"),
        (["apply", "--repo", "6.1", "--module", "DSConv"], "'6.1'", "did you mean yolov5-6.1?"),
        (["apply", "--repo", f"{URL}.git", "--module", "DSConv"], f"'{URL}.git'", "did you mean ultralytics?"),
        (["apply", "--repo", "ultralytics-8.3.120", "--module", "DSConv"], "no pin 'ultralytics-8.3.120'", PORT),
        (["apply", "--repo", "ultralytics@v8.3.120", "--module", "DSConv"], "no pin 'ultralytics@v8.3.120'", PORT),
        (["apply", "--repo", "yolov5-7.0", "--module", "DSConv"], "no pin 'yolov5-7.0'", "or yolov5-6.1"),
        (["apply", "--repo", "yolo11", "--module", "DSConv"], "yolo11 is a model", "--repo ultralytics-8.3.0"),
        (["apply", "--repo", "YOLOv11n-seg.pt", "--module", "DSConv"], "is a model", "--repo ultralytics-8.3.0"),
        (["apply", "--repo", "yolo26x.yaml", "--module", "DSConv"], "is a model", "--repo ultralytics-8.4.0"),
        (["apply", "--repo", "yolov8", "--module", "DSConv"], "yolov8 is a model", "--repo ultralytics-8.2.50"),
        (["apply", "--repo", "yolov5s.pt", "--module", "DSConv"], "yolov5s.pt is a model", "yolov5-pypi-6.1.0 has it"),
        (["apply", "--repo", "yolo13", "--module", "DSConv"], "unknown repository or pin 'yolo13'", "yolov5"),
        (["apply", "--repo", PIN, "--module", "CBAM"], "unknown module 'CBAM'", "yolopatch add FILE.py"),
        (["apply", "--repo", PIN, "--module", "DSConv,RefConv"], "one name", "--module DSConv --module RefConv"),
        (["render-cfg", "--module", "DSConv + CBAM"], "one name is needed", "--module DSConv --module CBAM"),
        (["apply", "--repo", "", "--module", "DSConv"], "unknown repository or pin ''", "yolopatch list pins"),
        (["apply", "--repo", PIN, "--module", "DSCnv"], "unknown module 'DSCnv'", "did you mean DSConv"),
        (["apply", "--repo", PIN, "--module", "C3k2_XConv"], "unknown module 'C3k2_XConv'", "DSConv"),
        (["apply", "--repo", PIN, "--module", ""], "unknown module ''", "yolopatch list modules"),
        (["apply", "--repo", PIN, "--module", "DSConv", "--flavor", "papre"], "unknown flavor 'papre'", "paper"),
        (["remove", "--module", "spcnv"], "unknown module 'spcnv'", "did you mean SPConv"),
        (["diff", "--module", "spcnv"], "unknown module 'spcnv'", "SPConv"),
        (["apply", "--repo", PIN], "nothing to apply", "--compat"),
        (["remove", "nowhere"], "nothing to remove", "--compat"),
        (
            ["diff", "nowhere", "--module", "DSConv", "--compat"],
            "--module and --compat cannot be used together",
            "one of them",
        ),
        (["apply", "--module", "DSConv"], "Missing option '--repo'", ""),
        (["apply", "--repo", PIN, "--module", "DSConv", "--dst", "x"], "No such option", "--dest"),
        (["status", "a", "b"], "unexpected extra argument", ""),
        (["render-cfg", "--module", "DSConv", "--model", "yolo13"], "'yolo13'", "yolo11"),
        (["render-cfg", "--module", "DSConv", "--scale", "q"], "'q'", ""),
        (["render-cfg", "--module", "DSConv", "--task", "segmnt"], "unknown task of yolo11", "did you mean segment"),
        (["render-cfg", "--module", "Dynamic_conv2d", "--task", "pose"], "unknown task of yolov5", "--task detect"),
        (["render-cfg", "--module", "DSConv", "--model", "yolo11-seg"], "yolo11-seg includes a task", "--task segment"),
        (["render-cfg", "--module", "DSConv", "--placement", "99"], "yolo11 has no layer 99", "0 to 23"),
        (["render-cfg", "--module", "DSConv", "--placement", "23"], "the detection head", "that fit: 0, 1, 2"),
        (["render-cfg", "--module", "DSConv", "--placement", "+12"], "followed by DSConv: Concat", "that fit: 0, 1, 2"),
        (["render-cfg", "--module", "SPConv", "--placement", "0"], "SPConv needs 4 or more", "that fit: 1, 2, 3"),
        (["render-cfg", "--module", "DSConv", "--module", "RefConv", "--block"], "both placed on layers 2", "DSConv:1"),
        (["render-cfg", "--module", "DSConv", "--module", "RefConv", "--placement", "1"], "for which", "DSConv:1"),
    ],
)
def test_unknown_names_exit_2(arguments, named, near, yolopatch, tmp_path, monkeypatch, workspace):
    monkeypatch.chdir(workspace if arguments[0] in ("remove", "diff") else tmp_path)
    ran = yolopatch(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert named in ran.err
    assert near in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["a workspace"]
    as_json = yolopatch(*arguments, "--json")
    assert as_json.code == 2
    assert as_json.json["exit_code"] == 2
    assert set(as_json.json["error"]) == {"what", "details", "hint"}


@pytest.fixture
def patches(tmp_path, monkeypatch) -> Path:
    """A copy of the patches that a test may spoil."""
    own = tmp_path / "own" / "patches"
    shutil.copytree(resources.patches_dir(), own)

    def file(pin: str, module: str, flavor: str) -> Path:
        return own / pin / f"{module}-{flavor}.patch"

    for user in (patchset, listing):
        monkeypatch.setattr(user, "patch_file", file)
    return own


def test_a_module_that_a_pin_does_not_have(patches, yolopatch, tmp_path):
    (patches / PIN / "DSConv-paper.patch").unlink()
    ran = yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "w")
    assert ran.code == 1
    assert "DSConv in the flavor paper is not available for ultralytics-8.3.0" in ran.err
    assert "available for: ultralytics-8.2.50 (paper)" in ran.err
    assert "ultralytics-8.3.0 (tutorial)" in ran.err
    assert not (tmp_path / "w").exists()
    listed = yolopatch("list", "--json").json["modules"]
    assert next(row for row in listed if row["name"] == "DSConv")["pins"][PIN] == ["tutorial"]


def _first(text: str, start: str) -> str:
    """The first context line of a hunk that holds something."""
    at = text.index(start)
    return next(line for line in text[at:].split("\n") if line.startswith(" ") and line.strip())


def _removes(text: str) -> str:
    line = _first(text, "--- a/ultralytics/nn/tasks.py")
    return text.replace(f"\n{line}\n", f"\n-{line[1:]}\n", 1)


def _leaves(text: str) -> str:
    return text.replace("b/ultralytics/nn/modules/dsconv.py", "b/../../dsconv.py")


def _absolute(text: str) -> str:
    return text.replace("+++ b/ultralytics/nn/modules/dsconv.py", "+++ /tmp/dsconv.py").replace(
        "diff --git a/ultralytics/nn/modules/dsconv.py b/ultralytics/nn/modules/dsconv.py\n", ""
    )


def _hook(text: str) -> str:
    return text.replace("ultralytics/nn/modules/dsconv.py", ".git/hooks/post-checkout")


def _mismatch(text: str) -> str:
    line = _first(text, "--- a/ultralytics/nn/tasks.py")
    return text.replace(f"\n{line}\n", f"\n{line} # edited\n", 1)


def _other_file(text: str) -> str:
    return text.replace("ultralytics/nn/tasks.py", "ultralytics/nn/other.py")


def _existing(text: str) -> str:
    return text.replace("ultralytics/nn/modules/dsconv.py", "ultralytics/nn/modules/head.py")


def _over_a_folder(text: str) -> str:
    return text.replace("ultralytics/nn/modules/dsconv.py", "ultralytics/nn/modules")


def _below_a_file(text: str) -> str:
    return text.replace("ultralytics/nn/modules/dsconv.py", "ultralytics/nn/tasks.py/dsconv.py")


def _syntax(text: str) -> str:
    line = next(line for line in text.split("\n") if line.startswith("+class DSConv("))
    return text.replace(line, line.replace("class", "clas"), 1)


def _truncated(text: str) -> str:
    return text[: len(text) * 2 // 3]


SPOILT: dict[str, tuple[Callable[[str], str], str]] = {
    "removes a line": (_removes, "removes a line: its line "),
    "outside the tree": (_leaves, "outside the tree: b/../../dsconv.py"),
    "absolute path": (_absolute, "outside the tree: /tmp/dsconv.py"),
    "writes a hook": (_hook, "outside the tree"),
    "does not match": (_mismatch, "does not match the pin: ultralytics/nn/tasks.py, line "),
    "a file that is not there": (_other_file, "does not match the pin: ultralytics/nn/other.py"),
    "a file that is there": (_existing, "adds ultralytics/nn/modules/head.py, but"),
    "over a folder": (_over_a_folder, "adds ultralytics/nn/modules, but"),
    "below a file": (
        _below_a_file,
        "adds ultralytics/nn/tasks.py/dsconv.py, but ultralytics/nn/tasks.py exists",
    ),
    "does not compile": (_syntax, "the patched ultralytics/nn/modules/dsconv.py does not compile: line "),
    "truncated": (_truncated, "Hunk is shorter than expected"),
    "empty": (lambda text: "", "has no diff"),
    "CRLF": (lambda text: text.replace("\n", "\r\n"), "patches/ultralytics-8.3.0/DSConv-paper.patch"),
    "garbage": (lambda text: "\x01\x02 not a patch", "has no diff"),
}


@pytest.mark.parametrize(("spoil", "told"), SPOILT.values(), ids=SPOILT)
def test_a_patch_edited_by_hand(spoil, told, patches, yolopatch, workspace, tmp_path, fingerprint):
    file = patches / PIN / "DSConv-paper.patch"
    text = file.read_text()
    spoilt = spoil(text)
    assert spoilt != text
    file.write_bytes(spoilt.encode())
    before = fingerprint(workspace)
    for dest in (workspace, tmp_path / "new"):
        ran = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--module", "DSConv", "--dest", dest)
        assert ran.code == 1, ran.err
        assert told in ran.err
        assert "DSConv-paper.patch" in ran.err or "does not compile" in ran.err
        assert "  next: restore" in ran.err
    assert fingerprint(workspace) == before
    assert not (tmp_path / "new").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_patch_that_is_no_text(patches, yolopatch, tmp_path):
    (patches / PIN / "DSConv-paper.patch").write_bytes(b"diff --git \xff\xfe")
    ran = yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "w")
    assert ran.code == 1
    assert "is not UTF-8 text" in ran.err


def test_context_that_was_edited_names_line_expected_and_found(patches, yolopatch, tmp_path):
    file = patches / PIN / "DSConv-paper.patch"
    text = file.read_text()
    line = _first(text, "--- a/ultralytics/nn/tasks.py")[1:]
    file.write_text(_mismatch(text))
    ran = yolopatch("apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "w")
    assert f"expected: {line} # edited" in ran.err
    assert f"found:    {line}" in ran.err


def test_an_sdist_as_source(yolopatch, tmp_path):
    (tmp_path / "ultralytics-8.3.0.tar.gz").write_bytes(b"")
    call = ["apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "w"]
    ran = yolopatch(*call, "--source", tmp_path / "ultralytics-8.3.0.tar.gz")
    assert ran.code == 1
    assert "it is not a wheel or a folder" in ran.err
    assert not (tmp_path / "w").exists()


def test_a_source_with_a_changed_file_names_it(yolopatch, tmp_path, pristine_tree):
    folder = tmp_path / "copy"
    shutil.copytree(pristine_tree(PIN), folder, ignore=shutil.ignore_patterns(".git"))
    (folder / "ultralytics/nn/tasks.py").write_text("changed\n")
    call = ["apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "w", "--source", folder]
    ran = yolopatch(*call)
    assert ran.code == 1
    assert f"{folder} is not ultralytics-8.3.0: ultralytics/nn/tasks.py differs" in ran.err
    assert not (tmp_path / "w").exists()


def test_a_harmless_difference_is_a_note(yolopatch, tmp_path, pristine_tree):
    folder = tmp_path / "copy"
    shutil.copytree(pristine_tree(PIN), folder, ignore=shutil.ignore_patterns(".git"))
    (folder / "ultralytics/hub/auth.py").write_text("changed\n")
    call = ["apply", "--repo", PIN, "--module", "DSConv", "--dest", tmp_path / "w", "--source", folder, "--json"]
    ran = yolopatch(*call)
    assert (ran.code, ran.json["source"]) == (0, "folder")
    assert "note: " in ran.err
    assert "ultralytics/hub/auth.py" in ran.err
