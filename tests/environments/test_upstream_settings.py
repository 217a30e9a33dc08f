"""The surroundings of a workspace's upstream: its own settings, a font, its own command, and no network unasked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.upstream_settings import (
    FONTS,
    settings_folder,
    tracking_settings,
    upstream_variables,
)
from yolopatch.outside.probe.inspect import inspect_interpreter
from yolopatch.steps.data.shapes import ShapesRequest, make_shapes

# Every name that is looked up and every connection that is tried, refused or not.
RECORDER = """
import os, sys
def record(event, arguments):
    if event in ("socket.getaddrinfo", "socket.connect", "socket.sendto"):
        with open(os.environ["ATTEMPTS"], "a") as file:
            print(event, arguments[:2], file=file)
sys.addaudithook(record)
"""
TRAIN = "detect train model={model} data={data} epochs=1 imgsz=32 batch=4 workers=0 plots=False"


@pytest.fixture(scope="session")
def ours():
    """This interpreter, which has what the upstreams need."""
    return inspect_interpreter(sys.executable)


@pytest.fixture
def own_workspace(full_workspace, tmp_path) -> Callable[[str], Path]:
    """A workspace that a test may write into."""

    def copy(pin: str) -> Path:
        return Path(shutil.copytree(full_workspace(pin), tmp_path / f"my {pin}"))

    return copy


@pytest.fixture
def run_recorded(tmp_path, ours) -> Callable[..., tuple[str, list[str]]]:
    """Run a command in a workspace's surroundings; gives what it printed and its attempts to reach the network."""
    attempts, site = tmp_path / "attempts", tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(RECORDER)

    def run(workspace: Path, *command: str) -> tuple[str, list[str]]:
        environment = upstream_variables(workspace, ours)
        # behind our guard: what that refuses is no attempt
        environment["PYTHONPATH"] += os.pathsep + str(site)
        done = subprocess.run(
            command, cwd=workspace, env={**environment, "ATTEMPTS": str(attempts)}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr, attempts.read_text().splitlines() if attempts.exists() else []

    return run


def test_what_is_asked_for_is_recorded(run_recorded, full_workspace):
    code = "import socket\ntry:\n socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError: print('tried')"
    told, attempts = run_recorded(full_workspace("ultralytics-8.3.0"), "python", "-c", code)
    assert "tried" in told
    assert attempts, "else the tests below would see nothing"


INSTALLS = """
import os, subprocess, sys
for install in (
    lambda: os.system("pip install -U no-such-distribution"),
    lambda: subprocess.check_output("pip install no-such-distribution", shell=True),
    lambda: subprocess.run([sys.executable, "-m", "pip", "install", "no-such-distribution"]),
):
    try: print("started", install())
    except OSError as error: print(error)
print(os.system("echo pip"), subprocess.run(["git", "--version"]).returncode)
"""


def test_nothing_is_installed_that_nobody_asked_for(run_recorded, full_workspace):
    told, attempts = run_recorded(full_workspace("ultralytics-8.3.0"), "python", "-c", INSTALLS)
    assert told.count("upstream installs something without being asked") == 3
    assert "started" not in told
    assert "0 0" in told, "other programs start as ever"
    assert not attempts


@pytest.mark.more
@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", "ultralytics-8.3.0", "ultralytics-8.4.0"])
def test_ultralytics_takes_the_settings_as_they_are_and_sends_nothing(pin, own_workspace, run_recorded, git_in):
    place = own_workspace(pin)
    code = """
import json, ultralytics
from ultralytics.utils import SETTINGS, USER_CONFIG_DIR
from ultralytics.utils.checks import check_font, check_requirements
print(json.dumps([ultralytics.__file__, dict(SETTINGS), str(USER_CONFIG_DIR), str(check_font('Arial.ttf')),
                  check_requirements('no-such-distribution')]))
"""
    told, attempts = run_recorded(place, "python", "-c", code)
    file, settings, folder, font, installed = json.loads(told.splitlines()[-1])
    assert attempts == []
    assert file.startswith(str(place))
    assert Path(folder).is_relative_to(settings_folder(place))
    assert Path(font).is_relative_to(settings_folder(place))
    assert not installed
    services = ("sync", "wandb", "comet", "clearml", "mlflow", "neptune", "dvc", "hub", "raytune")
    assert not any(settings[name] for name in services)
    assert settings["runs_dir"] == str(place / "runs")
    assert "reset" not in told.lower(), "the form is the one that this version wants"
    assert git_in(place, "status", "--porcelain", "--ignored") == ""


@pytest.mark.more
def test_a_training_reaches_for_no_network(own_workspace, run_recorded, tmp_path):
    place = own_workspace("ultralytics-8.3.0")
    data = make_shapes(ShapesRequest(tmp_path / "shapes", images=4, side=32)).data
    words = TRAIN.format(model="yolo11n.yaml", data=data).split()
    told, attempts = run_recorded(place, "yolo", *words, f"project={tmp_path / 'runs'}")
    assert attempts == []
    assert "1 epochs completed" in told
    assert (tmp_path / "runs" / "train" / "weights" / "last.pt").is_file()


@pytest.mark.more
def test_the_check_of_float16_on_a_gpu_downloads_nothing(own_workspace, run_recorded):
    code = """
from types import SimpleNamespace
from ultralytics.utils import checks
gpu = SimpleNamespace(parameters=lambda: iter([SimpleNamespace(device=SimpleNamespace(type="cuda"))]))
print("amp:", checks.check_amp(gpu))
"""
    told, attempts = run_recorded(own_workspace("ultralytics-8.3.0"), "python", "-c", code)
    assert attempts == []
    assert "checks skipped" in told
    assert "amp: True" in told


@pytest.mark.more
def test_yolov5_looks_for_no_update_and_has_its_font(own_workspace, run_recorded):
    code = """
import utils.plots
from utils.general import CONFIG_DIR, check_git_status, check_online, check_requirements
check_git_status(), check_requirements(["no-such-distribution"])
print("online:", check_online(), CONFIG_DIR)
"""
    place = own_workspace("yolov5-6.1")
    told, attempts = run_recorded(place, "python", "-c", code)
    assert attempts == []
    assert f"online: False {settings_folder(place) / 'yolov5'}" in told
    assert "skipping check (offline)" in told
    assert "'pip install no-such-distribution' skipped (offline)" in told


def test_a_font_and_settings_of_the_users_stay(own_workspace, ours):
    place = own_workspace("ultralytics-8.4.0")
    home = settings_folder(place)
    upstream_variables(place, ours)
    font, settings = home / "Ultralytics" / FONTS[0], home / "Ultralytics" / "settings.json"
    font.write_bytes(b"mine")
    settings.write_text(settings.read_text().replace('"wandb": false', '"wandb": true'))
    upstream_variables(place, ours)
    assert font.read_bytes() == b"mine"
    assert yaml.safe_load(settings.read_text())["wandb"] is True


@pytest.mark.parametrize("pin", ["ultralytics-8.2.50", "ultralytics-8.4.0"])
def test_a_tracker_is_switched_on_in_a_copy_of_the_settings(pin, own_workspace, ours):
    place = own_workspace(pin)
    home = settings_folder(place)
    upstream_variables(place, ours)
    mine = home / "Ultralytics" / "settings.json"
    mine.write_text(mine.read_text().replace(str(place.parent / "datasets"), "/my/datasets"))
    before = {file: file.read_bytes() for file in home.rglob("settings.*")}
    folder = tracking_settings(place, ours, "mlflow")
    tracking_settings(place, ours, "mlflow")  # of the next run
    assert {file: file.read_bytes() for file in before} == before
    for file in before:
        own, copied = yaml.safe_load(file.read_text()), yaml.safe_load((folder / file.relative_to(home)).read_text())
        assert copied == {**own, "mlflow": True}
    assert json.loads((folder / "Ultralytics" / "settings.json").read_text())["datasets_dir"] == "/my/datasets"
    assert all((folder / subfolder / FONTS[0]).is_file() for subfolder in (".", "Ultralytics"))


@pytest.mark.parametrize("content", ["{", "[1]", "", "a: [", "\xff"])
def test_settings_that_cannot_be_read_are_said_and_stay(content, own_workspace, ours):
    place = own_workspace("ultralytics-8.4.0")
    upstream_variables(place, ours)
    file = settings_folder(place) / "Ultralytics" / "settings.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(YolopatchError, match="has no settings of upstream"):
        tracking_settings(place, ours, "mlflow")
    assert file.read_bytes() == content.encode("latin-1")


def test_a_workspace_that_moved_takes_its_settings_along(own_workspace, ours):
    place = own_workspace("ultralytics-8.3.0")
    upstream_variables(place, ours)
    moved = place.rename(place.with_name("moved"))
    upstream_variables(moved, ours)
    settings = json.loads((settings_folder(moved) / "settings.json").read_text())
    assert settings["runs_dir"] == str(moved / "runs")


def test_a_checkout_of_somebody_elses_gets_nothing_put_into_it(pristine_tree, ours, tmp_path, cache):
    place = tmp_path / "clone"
    shutil.copytree(pristine_tree("ultralytics-8.3.0") / "ultralytics", place / "ultralytics")
    upstream_variables(place, ours)
    assert settings_folder(place).is_relative_to(cache)
    assert [entry.name for entry in place.iterdir()] == ["ultralytics"]


def test_what_the_user_set_for_other_programs_is_kept_and_what_misleads_is_not(full_workspace, ours, monkeypatch):
    monkeypatch.setenv("MINE", "kept")
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    monkeypatch.setenv("ULTRALYTICS_API_KEY", "streams to a server")
    monkeypatch.setenv("YOLO_CONFIG_DIR", "/shared")
    found = upstream_variables(full_workspace("ultralytics-8.3.0"), ours)
    assert (found["MINE"], found["WANDB_MODE"], found["COMET_MODE"]) == ("kept", "online", "disabled")
    assert "/elsewhere" not in found["PYTHONPATH"]
    assert not {"PYTHONHOME", "ULTRALYTICS_API_KEY"} & set(found)
    assert found["YOLO_CONFIG_DIR"] != "/shared"
    assert (found["YOLO_OFFLINE"], found["YOLO_AUTOINSTALL"]) == ("true", "false")


def test_what_ray_sets_for_its_own_workers_reaches_no_training(full_workspace, ours, monkeypatch):
    for name in ("RAY_JOB_ID", "RAY_RAYLET_PID", "SPT_NOENV"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYTHONBREAKPOINT", "ray.util.rpdb.set_trace")
    found = upstream_variables(full_workspace("ultralytics-8.3.0"), ours)
    assert not [name for name in found if name.startswith(("RAY_", "SPT_", "PYTHONBREAKPOINT"))]
    monkeypatch.setenv("PYTHONBREAKPOINT", "ipdb.set_trace")
    assert upstream_variables(full_workspace("ultralytics-8.3.0"), ours)["PYTHONBREAKPOINT"] == "ipdb.set_trace"


def test_the_guard_runs_what_it_shadows(tmp_path, ours, full_workspace):
    (tmp_path / "sitecustomize.py").write_text("print('the other one')")
    environment = upstream_variables(full_workspace("ultralytics-8.3.0"), ours)
    environment["PYTHONPATH"] += os.pathsep + str(tmp_path)
    done = subprocess.run([sys.executable, "-c", ""], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("the other one\n", "")


@pytest.mark.more
def test_env_run_gives_the_commands_own_exit_code(spawn, own_workspace):
    place = own_workspace("ultralytics-8.3.0")
    options = ["env", "run", "--python", sys.executable]
    code = "import sys; from importlib.util import find_spec as find; print(find('ultralytics').origin); sys.exit(7)"
    ran = spawn(*options, place, "--", "python", "-c", code)
    assert (ran.code, ran.err) == (7, "")
    assert ran.out == f"{place / 'ultralytics' / '__init__.py'}\n"
    ran = spawn(*options, "--json", place, "yolo", "version")
    assert ran.json == {
        "workspace": str(place), "python": sys.executable, "command": ["yolo", "version"], "exit_code": 0,
    }  # fmt: skip
    assert "8.3.0" in ran.err
    assert spawn(*options, place, "--", "sh", "-c", "kill -9 $$").code == 137


def test_env_run_that_cannot(yolopatch, full_workspace, tmp_path, python_that_says):
    place = full_workspace("ultralytics-8.3.0")
    ran = yolopatch("env", "run", place, "--", "no-such-command")
    assert (ran.code, "the environment has no command no-such-command" in ran.err) == (1, True)
    assert yolopatch("env", "run", place, "--").code == 2
    assert yolopatch("env", "run", tmp_path, "--", "python").code == 2
    ran = yolopatch("env", "run", "--python", python_that_says(packages={}), place, "--", "python")
    assert (ran.code, "next: yolopatch env create ultralytics-8.3.0" in ran.err) == (1, True)
