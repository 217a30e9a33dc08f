"""`doctor`: what would fail, where, and what to do; nothing is said of what works."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import torch

from yolopatch.catalog.environment.compat import COMPAT_FIXES
from yolopatch.catalog.environment.needs import MODULE_OF, needs_of
from yolopatch.catalog.pins import PINS
from yolopatch.outside.probe.inspect import inspect_interpreter, list_gpus
from yolopatch.steps.environment.faults import ERROR, WARNING, find_faults

from .conftest import FITTING, says

ULTRALYTICS = ["ultralytics-8.2.50", "ultralytics-8.3.0", "ultralytics-8.4.0"]

NEWEST = {**FITTING, "torch": "2.14.0", "numpy": "2.4.0"}


@pytest.mark.parametrize("pin", PINS)
def test_every_place_that_is_named_imports_what_it_is_named_for(pin, pristine_tree):
    tree = pristine_tree(pin)
    for need in needs_of(PINS[pin]):
        file, _, line = need.where.rpartition(":")
        text = (tree / file).read_text().splitlines()[int(line) - 1]
        assert MODULE_OF.get(need.distribution, need.distribution) in text, need


@pytest.mark.parametrize("pin", ULTRALYTICS)
def test_nothing_is_said_where_everything_fits(pin, interpreter):
    assert find_faults(PINS[pin], False, interpreter()) == ()


@pytest.mark.parametrize("pin", ["yolov5-6.1", "yolov5-pypi-6.1.0"])
def test_yolov5_trains_nowhere_unmended(pin, interpreter):
    (only,) = [one for one in find_faults(PINS[pin], False, interpreter()) if one.stage == "train"]
    assert only.severity == ERROR
    assert re.search(r"utils/loss\.py:\d+$", only.where)
    assert "--compat" in only.hint
    assert "env create" not in only.hint, "no environment helps"
    assert find_faults(PINS[pin], True, interpreter()) == ()


@pytest.mark.parametrize(
    ("pin", "versions", "stage", "place"),
    [
        ("ultralytics-8.3.0", {"numpy": "2.4.1"}, "train", "ultralytics/utils/metrics.py"),
        ("ultralytics-8.2.50", {"torch": "2.6.0"}, "train", "ultralytics/nn/tasks.py"),
        ("yolov5-6.1", {"setuptools": "82.0.0"}, "import", "utils/general.py"),
        ("yolov5-6.1", {"pillow": "10.0.0"}, "train", "utils/plots.py"),
    ],
)
def test_newer_libraries_break_old_code_that_is_not_mended(pin, versions, stage, place, interpreter):
    newer = interpreter(**versions)
    (said,) = [f"{name} {version}: " for name, version in versions.items()]
    told = [one for one in find_faults(PINS[pin], False, newer) if one.what.startswith(said)]
    (found,) = [one for one in told if "clamp" not in one.what]
    assert (found.severity, found.stage) == (ERROR, stage)
    assert place in found.where
    assert f"yolopatch apply --repo {pin} --compat" in found.hint
    assert f"yolopatch env create {pin}" in found.hint
    assert not [one for one in find_faults(PINS[pin], True, newer) if "--compat" in one.hint]


def test_the_lines_are_those_of_the_tree_and_what_is_mended_there_is_left_out(interpreter, pristine_tree, tmp_path):
    pin, newer = PINS["yolov5-6.1"], interpreter(numpy="1.24.0")
    tree = pristine_tree(pin.name)
    places = [one.where for one in find_faults(pin, False, newer, tree) if "np.int" in one.what]
    assert places == ["utils/datasets.py:443,485,855, utils/general.py:539,554"]
    for fix in COMPAT_FIXES[pin.name]:
        file = tmp_path / fix.path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text() if file.exists() else (tree / fix.path).read_text()
        file.write_text(text.replace(fix.old, fix.new))
    assert find_faults(pin, False, newer, tmp_path) == ()


@pytest.mark.parametrize(
    ("pin", "missing", "severity", "stage"),
    [
        ("ultralytics-8.4.0", "torchvision", ERROR, "import"),
        ("ultralytics-8.4.0", "polars", ERROR, "train"),
        ("ultralytics-8.3.0", "onnx", ERROR, "export"),
        ("ultralytics-8.3.0", "onnxslim", WARNING, "export"),
        ("yolov5-pypi-6.1.0", "boto3", ERROR, "train"),
    ],
)
def test_a_library_that_is_missing(pin, missing, severity, stage, interpreter):
    found = find_faults(PINS[pin], True, interpreter(**{missing: None}))
    (only,) = [one for one in found if missing in one.what]
    assert (only.severity, only.stage, only.hint) == (severity, stage, f"yolopatch env create {pin}")
    assert find_faults(PINS["ultralytics-8.4.0"], True, interpreter(boto3=None, pandas=None)) == (), "it needs neither"


def test_another_distribution_that_brings_the_module(interpreter):
    headless = interpreter(opencv_python=None, opencv_python_headless="4.11.0.86")
    assert find_faults(PINS["ultralytics-8.3.0"], False, headless) == ()
    (only,) = find_faults(PINS["yolov5-6.1"], True, headless)
    assert (only.severity, "runs pip at every start" in only.what) == (WARNING, True)


def test_a_torchvision_of_another_torch(interpreter):
    (only,) = find_faults(PINS["ultralytics-8.4.0"], False, interpreter(torch="2.4.0"))
    assert only.what == "torchvision 0.18.1 was built for torch==2.3.1, and torch 2.4.0 is installed"
    assert only.severity == ERROR
    assert find_faults(PINS["ultralytics-8.4.0"], False, interpreter(torch="2.3.1+cpu")) == ()


def test_a_python_that_was_never_tried(interpreter):
    (only,) = find_faults(PINS["ultralytics-8.4.0"], False, interpreter(python="3.14.1"))
    assert (only.severity, "tried only on 3.10, 3.11, 3.12 and 3.13" in only.what) == (WARNING, True)


def test_what_fails_first_comes_first(interpreter):
    found = find_faults(PINS["ultralytics-8.3.0"], False, interpreter(onnx=None, torch=None, pandas=None, seaborn=None))
    assert [(one.severity, one.stage) for one in found] == [
        (ERROR, "import"), (ERROR, "train"), (ERROR, "export"), (WARNING, "train"),
    ]  # fmt: skip


def test_a_workspace_in_this_environment(yolopatch, full_workspace, fingerprint, monkeypatch):
    place = full_workspace("ultralytics-8.3.0")
    before = fingerprint(place)
    ran = yolopatch("doctor", place)
    assert ran.code == 0, ran.out
    assert "nothing would fail" in ran.out
    assert f"ultralytics from {place / 'ultralytics' / '__init__.py'}" in ran.out
    monkeypatch.setattr(
        "yolopatch.steps.environment.doctor.list_gpus", lambda python: ("a GPU",)
    )  # the import takes seconds
    told = yolopatch("doctor", place, "--json").json
    assert (told["errors"], told["gpus"]) == (0, ["a GPU"])
    assert told["imported"]["outside"] == ""
    assert [case["pin"] for case in told["cases"]] == ["ultralytics-8.3.0"]
    assert fingerprint(place) == before, "it only looks"


def test_no_workspace_tells_of_every_pin(yolopatch, tmp_path, monkeypatch, python_that_says):
    monkeypatch.chdir(tmp_path)
    ran = yolopatch("doctor", "--python", python_that_says(packages={}), "--json")
    assert ran.code == 1
    assert [case["pin"] for case in ran.json["cases"]] == list(PINS)
    assert ran.json["workspace"] is None
    assert all(case["ailments"][0]["stage"] == "import" for case in ran.json["cases"])
    assert yolopatch("doctor", tmp_path).code == 2
    assert yolopatch("doctor", "--python", "/nowhere/python").code == 1


def test_an_installed_copy_and_what_the_user_set(yolopatch, full_workspace, python_that_says, monkeypatch):
    monkeypatch.setenv("YOLO_CONFIG_DIR", "/shared")
    monkeypatch.setenv("WANDB_API_KEY", "a secret")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@host")
    monkeypatch.setattr("yolopatch.steps.environment.doctor.list_gpus", lambda python: ())
    origins = {"ultralytics": "/lib/ultralytics/__init__.py"}
    python = python_that_says(origins=origins, cuda="12.1")
    told = yolopatch("doctor", full_workspace("ultralytics-8.4.0"), "--python", python, "--json").json
    words = [one["what"] for one in told["cases"][0]["ailments"]]
    assert any("outside the workspace, `import ultralytics`" in what for what in words)
    assert any("finds no GPU" in what for what in words)
    assert told["errors"] == 0, "nothing fails in the workspace"
    assert told["variables"]["YOLO_CONFIG_DIR"] == "/shared"
    assert told["variables"]["WANDB_API_KEY"] == "***"
    assert told["variables"]["MLFLOW_TRACKING_URI"] == "https://***@host"


def test_a_torch_that_does_not_start(yolopatch, full_workspace, on_path):
    line = json.dumps({"message": "InterpreterAnswer", **says()})
    asked_for_gpus = 'grep -q gpus "$2" && echo "ImportError: libcudart.so.12" >&2 && exit 1'
    python = on_path("broken", f"{asked_for_gpus}\necho '{line}' > \"$3\"")
    ran = yolopatch("doctor", full_workspace("ultralytics-8.4.0"), "--python", python)
    assert ran.code == 1
    assert "torch cannot be imported: ImportError: libcudart.so.12" in ran.out


def test_a_path_that_upstream_mangles_and_a_cache_of_a_newer_numpy(
    yolopatch, pristine_tree, tmp_path, python_that_says, monkeypatch
):
    monkeypatch.setattr("yolopatch.steps.environment.doctor.list_gpus", lambda python: ())
    place = tmp_path / "run2new" / "ultralytics"
    shutil.copytree(pristine_tree("ultralytics-8.3.0") / "ultralytics", place / "ultralytics")
    cache = place.parent / "datasets" / "coco8" / "labels" / "train.cache"
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"\x93NUMPY numpy._core.multiarray")
    told = yolopatch("doctor", place, "--python", python_that_says(), "--json").json
    ailments = told["cases"][0]["ailments"]
    assert [(one["severity"], one["where"]) for one in ailments if "numpy" in one["what"]] == [(ERROR, str(cache))]
    assert any("as if it were" in one["what"] or "upstream finds no YAML" in one["what"] for one in ailments)
    newer = python_that_says(packages={**_fitting(), "numpy": "1.26.4"})
    told = yolopatch("doctor", place, "--python", newer, "--json").json
    assert not [one for one in told["cases"][0]["ailments"] if "cache" in one["what"]]


@pytest.fixture
def told_of(yolopatch, python_that_says):
    """Give the hints of `doctor` for a workspace with libraries that are too new for its pin."""

    def hints(place: Path) -> list[str]:
        told = yolopatch("doctor", place, "--python", python_that_says(packages=NEWEST), "--json").json
        return [one["hint"] for one in told["cases"][0]["ailments"]]

    return hints


def test_the_workspace_of_a_reproduction_gets_a_patch_by_reproduce_in_another_folder(
    told_of, yolopatch, need_pin, tmp_path, monkeypatch
):
    monkeypatch.setattr("yolopatch.steps.environment.doctor.list_gpus", lambda python: ())
    need_pin("ultralytics-8.2.50")
    folder = tmp_path / "a folder"
    made = yolopatch("reproduce", "yolov8-spconv", "--flavor", "paper", "--dest", folder, "--no-measure")
    assert made.code == 0, made.err
    hints = told_of(folder / "workspace")
    assert not [hint for hint in hints if "yolopatch apply" in hint]
    for name in ("compat", "seeds"):
        (hint,) = {one.partition(", or:")[0].removesuffix(" (results change)") for one in hints if f"--{name}" in one}
        other = tmp_path / f"a folder-{name}"
        assert shlex.split(hint) == [
            *("yolopatch", "reproduce", "yolov8-spconv", "--flavor", "paper", f"--{name}", "--dest", str(other)),
        ]
        assert yolopatch(*shlex.split(hint)[1:], "--no-measure").code == 0
        assert yolopatch("status", other / "workspace", "--json").json[name]


def test_the_workspace_of_a_grid_gets_a_patch_by_the_grids_file(told_of, full_workspace, tmp_path, monkeypatch):
    monkeypatch.setattr("yolopatch.steps.environment.doctor.list_gpus", lambda python: ())
    place = tmp_path / "grid" / "workspaces" / "SPConv"
    shutil.copytree(full_workspace("ultralytics-8.3.0"), place)
    assert [hint for hint in told_of(place) if "yolopatch apply" in hint]
    (tmp_path / "grid" / "ablation.json").write_text("{}")
    hints = told_of(place)
    assert not [hint for hint in hints if "yolopatch apply" in hint]
    for key in ("compat = true", "seed_patch = true"):
        assert [hint for hint in hints if hint.startswith(f"write {key} into the file of the grid")]


def _fitting() -> dict[str, str]:

    return dict(FITTING)


def test_a_checkout_of_another_version_is_told_like_the_pin_before_it(
    yolopatch, pristine_tree, tmp_path, python_that_says, monkeypatch
):
    monkeypatch.setattr("yolopatch.steps.environment.doctor.list_gpus", lambda python: ())
    place = tmp_path / "clone"
    shutil.copytree(pristine_tree("ultralytics-8.3.0") / "ultralytics", place / "ultralytics")
    file = place / "ultralytics" / "__init__.py"
    file.write_text(file.read_text().replace('"8.3.0"', '"8.3.77"'))
    told = yolopatch("doctor", place, "--python", python_that_says(), "--json").json
    assert told["cases"][0]["pin"] == "ultralytics-8.3.0"


def test_gpus_are_asked_of_torch(on_path):
    line = json.dumps({"message": "GpusAnswer", "names": ["NVIDIA H", "NVIDIA H"]})
    assert list_gpus(str(on_path("two-gpus", f"echo '{line}' > \"$3\""))) == ("NVIDIA H", "NVIDIA H")
    assert list_gpus(sys.executable) == tuple(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count()))


def test_an_interpreter_is_known_by_its_own_link(tmp_path):
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    assert inspect_interpreter(str(link)).executable == str(link)
    assert inspect_interpreter(sys.executable).bin == Path(sys.executable).parent
