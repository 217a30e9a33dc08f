"""yolopatch from Python: the same results as the commands, and the same errors."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import yolopatch as package
from yolopatch import ConflictError, UsageError, YolopatchError, ablate, apply, compare, render_cfg, verify

PIN = "ultralytics-8.3.0"


def test_every_public_name_is_there_and_no_other():
    assert {name: callable(getattr(package, name)) for name in package.__all__ if name[0].islower()} == {
        "ablate": True,
        "adopt": True,
        "apply": True,
        "compare": True,
        "render_cfg": True,
        "verify": True,
    }
    with pytest.raises(AttributeError, match="no attribute 'appply'"):
        _ = package.appply


def test_importing_the_package_imports_nothing_else_of_it():
    script = "import sys, yolopatch; print([name for name in sys.modules if name.startswith(('yolopatch', 'torch'))])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['yolopatch']"


def test_a_workspace_and_its_yaml_are_those_of_the_commands(yolopatch, need_pin, tmp_path):
    need_pin(PIN)
    made = apply(PIN, ["SPConv"], dest=tmp_path / "ours")
    assert made.created
    ran = yolopatch("apply", "--repo", PIN, "--module", "SPConv", "--dest", tmp_path / "theirs", "--json")
    theirs = json.loads(ran.out)
    assert (made.commit, made.tree) == (theirs["commit"], theirs["tree"])
    with pytest.raises(ConflictError, match="not of ultralytics"):
        apply("ultralytics-8.4.0", ["SPConv"], dest=str(tmp_path / "ours"))
    (file,) = render_cfg(["SPConv"], model="yolo11", scale="n", out=str(tmp_path / "ours")).files
    ran = yolopatch(
        "render-cfg", "--module", "SPConv", "--model", "yolo11", "--scale", "n", "--out", tmp_path, "--json"
    )
    assert file.path.read_text() == (tmp_path / file.path.name).read_text()
    assert list(file.layers) == json.loads(ran.out)["files"][0]["layers"]


@pytest.mark.more
def test_a_model_is_verified_and_compared_as_by_the_commands(full_workspace, tmp_path):
    workspace = full_workspace(PIN)
    (file,) = render_cfg(["SPConv"], model="yolo11", scale="n", out=tmp_path).files
    seen = []
    found = verify(
        workspace,
        file.path,
        checks=["build"],
        imgsz=64,
        device="cpu",
        watch=lambda check, number, count: seen.append(check),
    )
    assert [(check.id, check.status) for check in found.checks] == [("build", "pass")]
    assert "build" in seen
    (row,) = compare([f"one={file.path}"], workspace=workspace, imgsz=64).rows
    assert (row.name, row.parameters) == ("one", found.data()["parameters"])


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda place: apply("nope", ["DSConv"]), UsageError, "unknown repository"),
        (lambda place: apply(PIN), UsageError, "nothing to apply"),
        (lambda place: render_cfg(["DSConv"], scale="q", out=place), UsageError, "scale"),
        (lambda place: verify(place, place / "gone.yaml"), YolopatchError, "gone|upstream"),
        (lambda place: compare([str(place / "gone.yaml")]), UsageError, "gone.yaml"),
        (lambda place: ablate(place / "gone.toml"), UsageError, "there is no grid"),
    ],
)
def test_an_error_is_raised_with_its_next_step(call, kind, said, tmp_path):
    with pytest.raises(kind, match=said) as caught:
        call(tmp_path)
    assert caught.value.hint
