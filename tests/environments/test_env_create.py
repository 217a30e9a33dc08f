"""`env create`: what fits is taken, else it is made with the real pip or a stand-in for uv, whole or not at all."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from yolopatch.catalog.environment.environments import SETS, sets_of
from yolopatch.catalog.pins import PINS
from yolopatch.outside.environment.environments import STAMP
from yolopatch.outside.environment.installer import find_indexes, find_requirement
from yolopatch.steps.environment.interpreters import choose_interpreter
from yolopatch.steps.environment.target import find_target

from .conftest import FITTING, UV_MAKES, says, write_wheel

SET = SETS[0]


def _folders(cache: Path) -> list[str]:
    return [folder.name for folder in (cache / "environments").glob("*")]


def _of_the_user(folder: Path) -> Path:
    """Make an environment with a torch of the user's own build; returns its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for file, text in {"torch-1.0.dist-info/METADATA": "Name: torch\nVersion: 1.0\n", "torch/__init__.py": ""}.items():
        (site / file).parent.mkdir()
        (site / file).write_text(text)
    return folder / "bin" / "python"


@pytest.mark.more
def test_one_is_made_by_pip_beside_what_is_there_then_reused_and_found(
    yolopatch, own_cache, index, roomy, monkeypatch, tmp_path
):
    theirs = tmp_path / "theirs"
    monkeypatch.setattr(sys, "executable", str(_of_the_user(theirs)))
    for variable in ("VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_PYTHON"):
        monkeypatch.setenv(variable, str(theirs))
    before = {path: path.lstat().st_mtime_ns for path in theirs.rglob("*")}
    for name in ("torch", "torchvision"):
        write_wheel(tmp_path / "cpu", name, f"{FITTING[name]}+cpu")
    asked = ["--installer", "pip", "--torch-index", (tmp_path / "cpu").as_uri(), "--json"]

    made = yolopatch("env", "create", "YOLO26_refconv", *asked).json
    assert made["created"] is True
    assert made["installer"] == "pip"
    assert set(made["pins"]) == set(PINS)
    assert made["packages"]["torch"] == FITTING["torch"] + "+cpu", "from its own index"
    assert {name: made["packages"][name] for name in ("numpy", "boto3")} == {
        name: FITTING[name] for name in ("numpy", "boto3")
    }
    assert Path(made["python"]).is_relative_to(own_cache / "environments")
    assert {path: path.lstat().st_mtime_ns for path in theirs.rglob("*")} == before, "their torch stays"

    again = yolopatch("env", "create", "yolov5-6.1", *asked).json
    assert again == made | {"created": False, "compat": "yolopatch apply --repo yolov5-6.1 --compat"}
    assert choose_interpreter(PINS["ultralytics-8.3.0"], None, own_cache).executable == made["python"]
    ran = yolopatch("env", "create", "yolov5-6.1", "--python", made["python"], "--json")
    assert ran.json["created"] is False, "the named one fits"


def test_a_half_made_one_is_made_again(yolopatch, own_cache, uv, bare_python):
    left = own_cache / "environments" / _name() / "lib" / "left by a run that was killed"
    left.parent.mkdir(parents=True)
    left.touch()
    assert yolopatch("env", "create", "yolo26-refconv", "--json").json["created"] is True
    assert not left.exists()


def _name() -> str:
    from yolopatch.outside.environment.environments import requirements_digest

    return f"{SET.name}-{requirements_digest(SET)}-py3.11"


@pytest.mark.slow
def test_a_requirement_that_no_index_has(yolopatch, own_cache, index, roomy, monkeypatch):
    monkeypatch.setattr(sys, "executable", f"{sys.base_prefix}/bin/python3")
    shutil.rmtree(index / "boto3")
    ran = yolopatch("env", "create", "yolo26-refconv", "--installer", "pip")
    assert ran.code == 1
    assert "no environment was made: boto3<2 could not be installed" in ran.err
    assert f"index: {index.as_uri()}" in ran.err
    assert "  next: check the network and the package index" in ran.err
    assert _folders(own_cache) == []


def test_what_is_there_and_fits_is_taken(yolopatch, own_cache, python_that_says):
    ran = yolopatch("env", "create", "yolo26-refconv", "--python", python_that_says())
    assert ran.code == 0, ran.err
    assert "an existing environment fits, nothing was created" in ran.out
    assert not own_cache.exists()


@pytest.mark.parametrize(
    ("pin", "versions", "created"),
    [
        ("ultralytics-8.3.0", {}, False),
        ("yolov5-6.1", {}, False),
        ("ultralytics-8.4.0", {"numpy": "2.4.1"}, False),
        ("ultralytics-8.3.0", {"numpy": "2.4.1"}, True),
        ("ultralytics-8.2.50", {"torch": "2.6.0", "torchvision": "0.21.0"}, True),
        ("ultralytics-8.3.0", {"polars": None}, False),
        ("ultralytics-8.4.0", {"polars": None}, True),
        ("ultralytics-8.3.0", {"onnx": None}, True),
    ],
)
def test_what_fits_is_what_doctor_finds_no_fault_with(
    pin, versions, created, yolopatch, own_cache, uv, python_that_says, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("yolopatch.steps.environment.doctor.list_gpus", lambda python: ())
    packages = {name: version for name, version in {**FITTING, **versions}.items() if version}
    python = python_that_says("theirs", packages=packages, requirements={})
    made = yolopatch("env", "create", pin, "--python", python)
    assert made.code == 0, made.err
    assert ("nothing was created" not in made.out) is created
    made = yolopatch("env", "create", pin, "--python", python, "--json").json
    # doctor on what is used from now on
    told = yolopatch("doctor", "--python", made["python"], "--json").json
    (case,) = [case for case in told["cases"] if case["pin"] == pin]
    errors = [one for one in case["ailments"] if one["severity"] == "error"]
    assert made["compat"] == (f"yolopatch apply --repo {pin} --compat" if errors else None)
    assert all(made["compat"] in one["hint"] for one in errors)
    assert bool(errors) == (pin == "yolov5-6.1"), "no torch of Python 3.11 trains its own code"


def test_a_workspace_with_the_compatibility_patch_runs_with_newer_libraries(
    yolopatch, python_that_says, need_pin, tmp_path
):
    need_pin("ultralytics-8.3.0")
    place = tmp_path / "w"
    assert yolopatch("apply", "--repo", "ultralytics-8.3.0", "--compat", "--dest", place).code == 0
    python = python_that_says("theirs", packages=FITTING | {"numpy": "2.4.1"})
    found = yolopatch("env", "create", place, "--python", python, "--json").json
    assert (found["created"], found["compat"]) == (False, None)


def test_one_that_was_broken_since_is_made_again(yolopatch, own_cache, uv, bare_python, python_that_says):
    made = yolopatch("env", "create", "yolo26-refconv", "--json").json
    shutil.copy(python_that_says("broken", packages=FITTING | {"torch": "2.4.0"}), made["python"])
    again = yolopatch("env", "create", "yolo26-refconv", "--json").json
    assert again == made
    assert again["created"] is True


def test_uv_makes_one_where_it_is_on_path(yolopatch, own_cache, uv, bare_python):
    made = yolopatch("env", "create", "yolo26-refconv", "--json").json
    assert (made["created"], made["installer"]) == (True, "uv")
    venv, install = uv()
    assert venv.startswith("venv --seed --python")
    assert install.endswith(f"--requirement {SET.file}")
    assert _folders(own_cache) == [_name()]


def test_torch_is_taken_from_its_own_index_alone(yolopatch, own_cache, uv, bare_python):
    yolopatch("env", "create", "yolo26-refconv", "--json")
    url = "https://somebody:secret@download.example/whl/cpu"
    made = yolopatch("env", "create", "yolo26-refconv", "--torch-index", url, "--json").json
    assert made["created"] is True, "the one with another torch does not do"
    torch = next(line for line in uv() if "--default-index" in line)
    assert torch.endswith(f"--no-deps --default-index {url} -- torch==2.3.1 torchvision==0.18.1")
    stamps = [(own_cache / "environments" / name / STAMP).read_text() for name in _folders(own_cache)]
    assert len(stamps) == 2
    assert not any("secret" in text for text in stamps)
    assert yolopatch("env", "create", "yolo26-refconv", "--torch-index", url, "--json").json["created"] is False
    fresh = yolopatch("env", "create", "yolo26-refconv", "--torch-index", url, "--fresh", "--json").json
    assert fresh["created"] is True


def test_a_long_download_says_how_far_it_is_without_a_terminal_too(
    yolopatch, own_cache, uv, on_path, bare_python, monkeypatch
):
    monkeypatch.setattr("yolopatch.outside.environment.install_progress._EVERY", 0.05)
    monkeypatch.setattr("yolopatch.cli.environment.env._EVERY", 0.2)
    download = 'echo "Downloading torch (731.0MiB)"; head -c 3500000 /dev/zero > "$TMPDIR/part"; sleep 1'
    on_path("uv", f'{UV_MAKES}\n[ "$1" = pip ] && {{ {download}; }}\nexit 0')
    ran = yolopatch("env", "create", "yolo26-refconv")
    assert ran.code == 0, ran.err
    told = [
        line for line in ran.err.splitlines() if line.startswith("[ 2/2] Downloading torch (731.0MiB), 3 MB so far")
    ]
    assert len(told) >= 2, ran.err


def test_an_environment_that_was_made_can_be_activated(
    yolopatch, own_cache, uv, on_path, bare_python, python_that_says
):
    folder = own_cache / "environments" / _name()
    python_that_says(prefix=str(folder))
    on_path("uv", f'{UV_MAKES}\n[ "$1" = venv ] && touch "$last/bin/activate"\nexit 0')
    ran = yolopatch("env", "create", "yolo26-refconv")
    assert f"  activate  source {folder / 'bin' / 'activate'}\n" in ran.out, ran.err


def test_an_index_that_cannot_be_reached(yolopatch, own_cache, uv, on_path, bare_python):
    words = """error: Request failed after 3 retries in 6.0s
  cause: Failed to fetch: https://somebody:secret@nonsense.example/whl/torch/"""
    on_path("uv", f'{UV_MAKES}\n[ "$1" = pip ] && echo {shlex.quote(words)} && exit 2\nexit 0')
    ran = yolopatch("env", "create", "yolo26-refconv", "--torch-index", "https://somebody:secret@nonsense.example/whl")
    assert ran.code == 1
    assert "no environment was made: torch could not be installed" in ran.err
    assert "index: https://***@nonsense.example/whl" in ran.err
    assert "secret" not in ran.err
    assert "check --torch-index" in ran.err
    assert _folders(own_cache) == []


def test_one_that_cannot_be_made_again_stays_as_it_was(yolopatch, own_cache, uv, on_path, bare_python):
    assert yolopatch("env", "create", "yolo26-refconv").code == 0
    mine = own_cache / "environments" / _name() / "mine"
    mine.touch()
    on_path("uv", f'{UV_MAKES}\n[ "$1" = pip ] && exit 2\nexit 0')
    assert yolopatch("env", "create", "yolo26-refconv", "--fresh").code == 1
    assert mine.exists()
    assert _folders(own_cache) == [_name()]
    on_path("uv", UV_MAKES)
    assert yolopatch("env", "create", "yolo26-refconv", "--fresh").code == 0
    assert not mine.exists()
    assert _folders(own_cache) == [_name()]


def test_what_was_installed_is_looked_at(yolopatch, own_cache, uv, python_that_says, bare_python):
    python_that_says(packages=FITTING | {"numpy": "1.26.4"})
    ran = yolopatch("env", "create", "yolo26-refconv")
    assert ran.code == 1
    assert "numpy 1.26.4 is not ==1.23.5" in ran.err
    assert _folders(own_cache) == []


def test_a_disk_without_room(yolopatch, own_cache, bare_python, monkeypatch):
    from types import SimpleNamespace

    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=3_000_000_000))
    ran = yolopatch("env", "create", "yolo26-refconv", "--installer", "pip")
    assert ran.code == 1
    assert "needs about 6.5 GB in" in ran.err
    assert "3.0 GB are free" in ran.err
    assert "YOLOPATCH_CACHE=DIR" in ran.err
    assert _folders(own_cache) == []


def test_a_disk_that_fills_up_on_the_way(yolopatch, own_cache, uv, on_path, bare_python):
    on_path(
        "uv", f'{UV_MAKES}\n[ "$1" = pip ] && echo "error: No space left on device (os error 28)" && exit 2\nexit 0'
    )
    ran = yolopatch("env", "create", "yolo26-refconv")
    assert ran.code == 1
    assert "the disk is full: no environment was made" in ran.err
    assert "free some space" in ran.err
    assert _folders(own_cache) == []


def test_killed_half_way_nothing_goes_on_and_the_next_run_makes_it(
    yolopatch, own_cache, uv, on_path, bare_python, monkeypatch, tmp_path
):
    if sys.platform != "linux":
        pytest.skip("only Linux ends a child with its parent")
    on_path("uv", f'{UV_MAKES}\n[ "$1" = pip ] && echo $$ > {tmp_path}/pid && exec sleep 60\nexit 0')
    code = (
        "import sys; from yolopatch.cli.run import run; import yolopatch.steps.environment.create as e; "
        f"e.require_space = lambda *a: None; sys.executable = {bare_python!r}; "
        "sys.exit(run(['env', 'create', 'yolo26-refconv']))"
    )
    started = subprocess.Popen([_OURS, "-c", code])
    _until(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text().strip())
    installer = int((tmp_path / "pid").read_text())
    started.send_signal(signal.SIGKILL)
    started.wait()
    _until(lambda: not _runs(installer))
    assert _folders(own_cache) == [_name()], "half made"
    assert choose_interpreter(PINS["yolov5-6.1"], None, own_cache).executable == bare_python

    on_path("uv", UV_MAKES)
    assert yolopatch("env", "create", "yolo26-refconv", "--json").json["created"] is True


_OURS = sys.executable


def _until(happened) -> None:
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["yolo11-c3k2-dsconf"], 2, "did you mean yolo11-c3k2-dsconv"),
        (["nothing-like-it-at-all"], 2, "yolopatch list tutorials"),
        (["yolo26-refconv", "--torch-index", "cpu"], 2, "is not the URL of a package index"),
        (["yolo26-refconv", "--installer", "conda"], 2, "unknown installer 'conda'"),
        (["yolo26-refconv", "--python", "/nowhere/python"], 1, "interpreter /nowhere/python was not found"),
        (["yolo26-refconv", "--python", "true"], 1, "is not Python 3.8 or newer"),
        ([os.sep], 2, "contains no upstream"),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, list) else "",
)
def test_bad_input(arguments, code, words, yolopatch, own_cache):
    ran = yolopatch("env", "create", *arguments)
    assert ran.code == code
    assert words in ran.err
    assert "  next: " in ran.err or "known: " in ran.err
    assert not own_cache.exists()


def test_uv_that_is_not_there(yolopatch, own_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = yolopatch("env", "create", "yolo26-refconv", "--installer", "uv")
    assert (ran.code, "uv is not on PATH" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("python", "lacks"),
    [("3.14.1", "is Python 3.14.1"), ("3.11.2", "has no venv and ensurepip"), ("3.13.0", "has no venv and ensurepip")],
)
def test_a_python_that_will_not_do(python, lacks, yolopatch, own_cache, python_that_says):
    ours = python_that_says(python=python, can_make=False, packages={})
    ran = yolopatch("env", "create", "yolo26-refconv", "--installer", "pip", "--python", ours)
    assert ran.code == 1
    assert f"{ours} {lacks}" in ran.err
    assert "Python 3.10, 3.11, 3.12 or 3.13" in ran.err


def test_no_python_that_will_do(yolopatch, own_cache, monkeypatch, tmp_path, python_that_says):
    monkeypatch.setattr(sys, "executable", str(python_that_says("python", python="3.14.1", packages={})))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin-without-python")
    for name in ("python3.11", "python3.10", "python3.12", "python3.13", "python3"):
        (tmp_path / "bin" / name).symlink_to("/nowhere")
    ran = yolopatch("env", "create", "yolo26-refconv", "--installer", "pip")
    assert ran.code == 1
    assert "no Python 3.10, 3.11, 3.12 or 3.13 with venv" in ran.err
    assert "python3.11, python3.10, python3, python, python3.12, python3.13" in ran.err


# words of pip 23 and of uv 0.13
@pytest.mark.parametrize(
    ("words", "requirement"),
    [
        ("ERROR: No matching distribution found for torch==99", "torch==99"),
        ("ERROR: No matching distribution found for boto3<2 (from -r x.txt (line 4))", "boto3<2"),
        (
            "ERROR: Cannot install numpy==1.20.0 and scipy==1.15.3 because these package versions have conflicting "
            "dependencies.",
            "numpy==1.20.0 and scipy==1.15.3",
        ),
        ("  cause: Because there is no version of torch==99 and you require torch==99, we can", "torch==99"),
        ("  cause: Failed to fetch: https://127.0.0.1:9/simple/psutil/", "psutil"),
        ("Because tortch was not found in the package registry and you require tortch", "tortch"),
        ("ERROR: Could not build wheels", ""),
    ],
)
def test_the_requirement_in_an_installers_words(words, requirement):
    assert find_requirement(f"Collecting a\n{words}\n") == requirement


def test_addresses_are_told_without_passwords(monkeypatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://me:word@mirror.example/simple")
    assert find_indexes([]) == "https://***@mirror.example/simple"
    lines = ["Looking in indexes: https://pypi.org/simple, https://mirror.example/simple"]
    assert find_indexes(lines) == "https://pypi.org/simple, https://mirror.example/simple"


def test_every_pin_has_a_set_of_versions_that_needs_no_address():
    for pin in PINS.values():
        assert not [one.name for one in sets_of(pin) if "://" in one.file.read_text()]
        python = f"{sys.version_info[0]}.{sys.version_info[1]}.0"
        assert any(one.runs_on(python) for one in sets_of(pin)), "the tests run in it, too"


@pytest.mark.parametrize(
    ("target", "pin"),
    [("yolo26-refconv", "ultralytics-8.4.0"), ("YOLOv5_Dynamic", "yolov5-6.1"), ("ultralytics@8.2.50", None)],
)
def test_a_target_by_name(target, pin):
    assert find_target(target).pin.name == (pin or "ultralytics-8.2.50")


def test_a_workspace_as_the_target(full_workspace):
    assert find_target(str(full_workspace("ultralytics-8.3.0"))).pin.name == "ultralytics-8.3.0"


def test_what_an_interpreter_says_is_told_as_it_is(python_that_says):
    from yolopatch.outside.probe.inspect import inspect_interpreter

    found = inspect_interpreter(str(python_that_says(cuda="12.1")))
    assert (found.python, found.cuda, found.packages) == ("3.11.9", "12.1", says()["packages"])
