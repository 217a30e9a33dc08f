"""The render step: all requested files or none, and no file of the user is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from yolopatch.core.model.cfg_text import is_untouched
from yolopatch.errors import ConflictError, UsageError, YolopatchError
from yolopatch.steps.model.render import PlacedModule, RenderedFile, render
from yolopatch.steps.model.render_request import RenderRequest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_module_alone_renders_its_tutorials_model_in_the_paper_flavor(tmp_path):
    result = render(RenderRequest(("DSConv",), out=tmp_path), TEMPLATES)
    path = tmp_path / "yolo11-C3k2-DSConv.yaml"
    blocks = (2, 4, 6, 8, 13, 16, 19, 22)
    placed = PlacedModule("DSConv", "all-blocks", replaced=blocks, inserted=())
    assert result.files == (RenderedFile(path, "yolo11", "detect", "all", "DSConv", blocks, (placed,)),)
    assert yaml.safe_load(path.read_text("utf-8"))["backbone"][2][2] == "C3k2_DSConv"


def test_several_scales_are_several_files(tmp_path):
    result = render(RenderRequest(("refconv",), "yolo11", scales="n,x", out=tmp_path), TEMPLATES)
    assert [file.scale for file in result.files] == ["n", "x"]
    assert names(tmp_path) == ["yolo11n-RefConv.yaml", "yolo11x-RefConv.yaml"]


def test_yolov5_has_a_file_for_each_scale(tmp_path):
    result = render(RenderRequest(("Dynamic_conv2d",), flavor="tutorial", out=tmp_path), TEMPLATES)
    assert [file.scale for file in result.files] == list("nsmlx")
    assert {file.layers for file in result.files} == {(10, 14)}


def test_missing_folders_are_made(tmp_path):
    render(RenderRequest(("SPConv",), out=tmp_path / "a" / "b"), TEMPLATES)
    assert names(tmp_path / "a" / "b") == ["yolov8-SPConv.yaml"]


def test_the_same_request_again_writes_nothing(tmp_path):
    request = RenderRequest(("RefConv",), out=tmp_path)
    first = render(request, TEMPLATES)
    before = first.files[0].path.stat()
    assert render(request, TEMPLATES) == first
    after = first.files[0].path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_that_yolopatch_wrote_is_rendered_anew(tmp_path):
    render(RenderRequest(("RefConv",), out=tmp_path), TEMPLATES)
    (file,) = render(RenderRequest(("RefConv",), nc=3, out=tmp_path), TEMPLATES).files
    assert yaml.safe_load(file.path.read_text("utf-8"))["nc"] == 3
    assert is_untouched(file.path.read_text("utf-8"))


@pytest.mark.parametrize("own", ["nc: 3\n", "", "# Written by yolopatch 0.1.0, but by hand\nnc: 3\n"])
def test_a_users_own_file_is_never_overwritten(tmp_path, own):
    path = tmp_path / "yolo11s-RefConv.yaml"
    path.write_text(own)
    with pytest.raises(ConflictError) as caught:
        render(RenderRequest(("RefConv",), "yolo11", scales="n,s", out=tmp_path), TEMPLATES)
    assert caught.value.exit_code == 3
    assert str(path) in caught.value.what
    assert names(tmp_path) == [path.name]
    assert path.read_text() == own


def test_a_users_edit_of_a_rendered_file_is_never_overwritten(tmp_path):
    (file,) = render(RenderRequest(("RefConv",), out=tmp_path), TEMPLATES).files
    edited = file.path.read_text("utf-8").replace("nc: 80", "nc: 7")
    file.path.write_text(edited, "utf-8")
    with pytest.raises(ConflictError, match="edited"):
        render(RenderRequest(("RefConv",), out=tmp_path), TEMPLATES)
    assert file.path.read_text("utf-8") == edited


@pytest.mark.parametrize(("first", "second"), [("all", "n"), ("n", "all")])
def test_a_file_that_upstream_would_load_instead_must_hold_the_same(tmp_path, first, second):
    render(RenderRequest(("RefConv",), scales=first, flavor="paper", out=tmp_path), TEMPLATES)
    before = names(tmp_path)
    with pytest.raises(ConflictError, match="holds another model than"):
        render(RenderRequest(("RefConv",), scales=second, flavor="tutorial", out=tmp_path), TEMPLATES)
    assert names(tmp_path) == before
    render(RenderRequest(("RefConv",), scales=second, flavor="paper", out=tmp_path), TEMPLATES)
    assert len(names(tmp_path)) == 2


def test_a_file_of_another_version_with_other_comments_holds_the_same_model(tmp_path):
    (file,) = render(RenderRequest(("RefConv",), scales="all", out=tmp_path), TEMPLATES).files
    text = file.path.read_text("utf-8")
    file.path.write_text("".join(text.splitlines(keepends=True)[2:]), "utf-8")  # as one that had no such lines
    render(RenderRequest(("RefConv",), scales="n", out=tmp_path), TEMPLATES)
    assert len(names(tmp_path)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"modules": ("NoConv",)},
        {"model": "yolo99"},
        {"scales": "q"},
        {"placements": ("nowhere",)},
        {"placements": ("9",)},
        {"block": True, "placements": ("1",)},
        {"nc": 0},
        {"nc": -5},
        {"flavor": "blog"},
    ],
)
def test_a_wrong_value_is_a_usage_error_and_writes_nothing(tmp_path, wrong):
    out = tmp_path / "out"
    with pytest.raises(UsageError) as caught:
        render(RenderRequest(**{"modules": ("RefConv",), "out": out, **wrong}), TEMPLATES)
    assert caught.value.exit_code == 2
    assert not out.exists()


def test_an_out_that_is_a_file_is_said_plainly(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(YolopatchError, match="cannot write") as caught:
        render(RenderRequest(("RefConv",), out=tmp_path / "out"), TEMPLATES)
    assert caught.value.exit_code == 1
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(("failing", "exists"), [(1, False), (1, True), (2, True)])
def test_a_failure_half_way_leaves_the_disk_as_it_was(tmp_path, monkeypatch, failing, exists):
    out = tmp_path / "new" / "out"
    if exists:
        out.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    rename, calls = os.replace, []

    def full(source, target):
        calls.append(target)
        if len(calls) == failing:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(YolopatchError, match="No space left on device"):
        render(RenderRequest(("RefConv",), scales="n,s", out=out), TEMPLATES)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failure_half_way_puts_the_older_files_back(tmp_path, monkeypatch):
    request = RenderRequest(("RefConv",), scales="n,s", out=tmp_path)
    before = {file.path: file.path.read_text("utf-8") for file in render(request, TEMPLATES).files}
    rename, calls = os.replace, []

    def full(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(YolopatchError):
        render(RenderRequest(("RefConv",), scales="n,s", nc=3, out=tmp_path), TEMPLATES)
    assert {path: path.read_text("utf-8") for path in tmp_path.iterdir()} == before


def test_rendering_imports_no_torch():
    script = (
        "import sys; from pathlib import Path; from yolopatch.steps.model.render import *;"
        "plan(RenderRequest(('RefConv',))); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0


def test_without_a_module_the_base_models_own_file_is_rendered(tmp_path, own_text):
    (file,) = render(RenderRequest((), "yolo11", out=tmp_path), TEMPLATES).files
    assert (file.module, file.layers) == (None, ())
    assert yaml.safe_load(file.path.read_text()) == yaml.safe_load(own_text("yolo11", "all"))


def test_without_a_module_a_model_must_be_named_and_nothing_can_be_placed(tmp_path):
    with pytest.raises(UsageError, match="no module and no model given"):
        render(RenderRequest(out=tmp_path), TEMPLATES)
    with pytest.raises(UsageError, match="--placement and --block need a module"):
        render(RenderRequest(model="yolo11", block=True, out=tmp_path), TEMPLATES)
