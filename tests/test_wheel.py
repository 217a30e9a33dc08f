"""The packed artefact, far from the checkout: what users install is what is tested here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from yolopatch.catalog.environment.environments import SETS

ROOT = Path(__file__).resolve().parents[1]
# what the wheel depends on but torch, which none of these commands may import
DEPENDENCIES = ("click", "filelock", "gitpython", "jinja2", "packaging", "platformdirs", "pyyaml", "unidiff")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel as `make wheel` does, but with the build requirements that are installed already."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def yolopatch(wheel, tmp_path_factory, cache):
    """The command of a new environment that has the wheel and no torch, run in an empty folder."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", folder / "venv")
    bin_folder = folder / "venv" / "bin"
    pip = [bin_folder / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([str(w) for w in [*pip, *DEPENDENCIES]], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no package index gives the dependencies: {done.stderr.strip()[-200:]}")
    run(*pip, "--no-deps", wheel)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"YOLOPATCH_CACHE": str(cache)}

    def call(*arguments):
        return run(bin_folder / "yolopatch", *arguments, cwd=folder, env=environment)

    return call


@pytest.mark.more
def test_the_wheel_carries_every_patch_and_template(wheel):
    carried = set(zipfile.ZipFile(wheel).namelist())
    assert "yolopatch/probe/guard/sitecustomize.py" in carried
    assert {f"yolopatch/catalog/constraints/{one.name}.txt" for one in SETS} <= carried
    for folder in ("patches", "templates"):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file():
                assert f"yolopatch/_data/{file.relative_to(ROOT).as_posix()}" in carried


@pytest.mark.more
def test_apply_works_far_from_the_checkout_and_without_torch(yolopatch, full_workspace, tmp_path):
    full_workspace("ultralytics-8.3.0")  # skips where the pin cannot be reached
    dest = tmp_path / "my yolo"
    told = json.loads(yolopatch("apply", "--repo", "ultralytics", "--module", "DSConv", "--dest", dest, "--json"))
    assert told["pin"] == "ultralytics-8.3.0"
    assert (dest / "ultralytics" / "nn" / "modules" / "dsconv.py").is_file()


@pytest.mark.more
def test_a_workspace_is_looked_at_and_changed_back_without_torch(yolopatch, tmp_path, need_pin):
    need_pin("ultralytics-8.3.0")
    place = tmp_path / "w"
    file = tmp_path / "MyConv.py"
    file.write_text("import torch.nn as nn\n\n\nclass MyConv(nn.Conv2d):\n    pass\n")
    yolopatch("apply", "--repo", "ultralytics-8.3.0", "--module", "SPConv", "--dest", place)
    assert json.loads(yolopatch("status", place, "--json"))["modules"]
    assert "SPConv" in yolopatch("diff", place)
    yolopatch("remove", "--module", "SPConv", place)
    assert json.loads(yolopatch("status", place, "--json"))["modules"] == []
    assert json.loads(yolopatch("add", file, "--like", "Conv2d", "--catalog", tmp_path / "mine", "--json"))


def test_render_cfg_works_far_from_the_checkout_and_without_torch(yolopatch, tmp_path):
    told = json.loads(yolopatch("render-cfg", "--module", "DSConv", "--out", tmp_path, "--json"))
    (file,) = told["files"]
    assert Path(file["path"]).read_text().count("C3k2_DSConv") >= 8


@pytest.mark.parametrize("what", ["modules", "pins", "tutorials"])
def test_list_works_without_torch(yolopatch, what):
    assert json.loads(yolopatch("list", what, "--json"))[what]


def test_help_works_without_torch(yolopatch):
    assert "Example: yolopatch apply" in yolopatch("--help")
