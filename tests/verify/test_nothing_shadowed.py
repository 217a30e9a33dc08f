"""Nothing of ours is in the way of the user's code: files named as ours are imported from the workspace, everywhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import yolopatch as package
from yolopatch.catalog.pins import PINS

PIN = "ultralytics-8.3.0"
PACKAGE = Path(package.__file__).parent
# what upstream and its libraries import by these names is theirs, with and without yolopatch
TAKEN = {"onnx"}


def names() -> list[str]:
    """Return the names of all files and folders that are in the probe's process, and of the package itself."""
    inside = [
        path for part in ("probe", "wire") for path in (PACKAGE / part).rglob("*") if "__pycache__" not in str(path)
    ]
    found = {path.stem for path in inside if path.suffix in ("", ".py")} | {"yolopatch", "probe", "wire"}
    return sorted(found - {"__init__", "__main__", "__pycache__"} - TAKEN)


@pytest.fixture
def crowded(full_workspace, git_in, tmp_path):
    """Give a workspace with a file of each of our names, all of which upstream's parser imports and checks."""
    place = tmp_path / "crowded"
    git_in(tmp_path, "clone", "-q", str(full_workspace(PIN)), str(place))
    for name in names():
        text = f"OWNER = 'the user'\nNAME = {name!r}\n"
        if name in ("checks", "wire", "yolopatch"):
            (place / name).mkdir()
            (place / name / "__init__.py").write_text(text)
        else:
            (place / f"{name}.py").write_text(text)
    parser = place / PINS[PIN].layout.parser
    imports = "".join(
        f"import {name} as _mine\nassert (_mine.OWNER, _mine.NAME) == ('the user', {name!r}), _mine\n"
        for name in names()
    )
    parser.write_text(parser.read_text().replace("\nimport torch\n", f"\n{imports}\nimport torch\n", 1))
    assert "_mine" in parser.read_text()
    git_in(place, "add", "-A")
    git_in(place, "commit", "-q", "-m", "Add files of my own")
    return place


def test_there_are_many_names_and_python_has_none_of_them():
    assert len(names()) > 70
    assert not set(names()) & set(sys.stdlib_module_names)


@pytest.mark.slow
def test_every_check_runs_as_in_any_workspace(crowded, module_cfg, yolopatch):
    cfg, _ = module_cfg("DSConv", "yolo11", "n", "paper")
    chosen = (
        "provenance",
        "build",
        "base-parity",
        "gradient-flow",
        "init",
        "fuse",
        "checkpoint",
        "torchscript",
        "onnx",
    )
    ran = yolopatch(
        *("verify", crowded, "--cfg", cfg, "--imgsz", 64, "--json"), *(w for one in chosen for w in ("--check", one))
    )
    found = {check["id"]: (check["status"], check["summary"]) for check in ran.json["checks"]}
    assert found.pop("provenance")[0] == "warn"  # the user's commit on top is named
    assert {status for status, _ in found.values()} == {"pass"}, found


@pytest.mark.slow
def test_so_do_counting_transplanting_and_packing(crowded, module_cfg, checkpoint, yolopatch, tmp_path):
    cfg, _ = module_cfg("DSConv", "yolo11", "n", "paper")
    out, packed = tmp_path / "init.pt", tmp_path / "init.packed.pt"
    assert yolopatch("summary", crowded, "--cfg", cfg, "--imgsz", 64).code == 0
    weights = ("--weights", checkpoint(PIN))
    ran = yolopatch("transplant", crowded, "--cfg", cfg, *weights, "--out", out, "--python", sys.executable)
    assert ran.code == 0, ran.err
    ran = yolopatch("pack", crowded, "--weights", out, "--out", packed, "--python", sys.executable)
    assert ran.code == 0, ran.err


@pytest.mark.more
def test_so_does_the_users_own_command(crowded, yolopatch):
    code = (
        "import json, sys, sitecustomize, guard, checks, wire, yolopatch\n"
        "print(json.dumps([m.__file__ for m in (sitecustomize, guard, checks, wire, yolopatch)]))\n"
        "import ultralytics.nn.tasks"
    )
    ran = yolopatch("env", "run", "--python", sys.executable, crowded, "--", "python", "-c", code)
    assert ran.code == 0, ran.err
    files = json.loads(ran.out.splitlines()[0])
    assert all(Path(file).is_relative_to(crowded.resolve()) for file in files), files
