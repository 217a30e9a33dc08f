"""The rows of whole models: `verify` for each module, and upstream's own trainer through `reproduce` for each pin."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gpu.layer_cases import TRIED
from gpu.row import Result, Row
from yolopatch.catalog.environment.environments import set_for
from yolopatch.catalog.module import Module, Tutorial
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.pins import PINS, style_of

VERIFY, LATENCY, TRAIN = "verify", "model latency", "train"
# seconds; a CPU may be busy with other things
_BUDGETS = {"cuda": {VERIFY: 300.0, LATENCY: 60.0, TRAIN: 300.0}, "cpu": dict.fromkeys((VERIFY, LATENCY, TRAIN), 900.0)}
# On a CPU, where `make test` verifies every module anyway, only what is quick.
_CHECKS = {"cuda": (), "cpu": ("build", "forward", "fuse", "precision", "determinism", "learns")}
_EPOCHS = {"cuda": 3, "cpu": 1}
_SIDE = {"cuda": 640, "cpu": 160}  # of the images in training
_IMGSZ = {"cuda": 640, "cpu": 320}  # of those in verification
_BATCH = 4
_TOLD = 400  # characters of what a command said


class Wrong(Exception):
    """A command failed, or a model is not as it must be; the message says how."""


@dataclass(frozen=True)
class Place:
    """Where and with what the commands run.

    Attributes:
        folder: an empty folder.
        device: `cpu`, or the number of a GPU.
        data: the data YAML to train on; None for generated images.
    """

    folder: Path
    device: str
    data: Path | None

    @property
    def kind(self) -> str:
        """The kind of the device, the key of what depends on it."""
        return "cpu" if self.device == "cpu" else "cuda"


def model_rows(kind: str) -> list[Row]:
    """Return the rows: two for each module, and one for each pin that a tutorial is about."""
    pins = {tutorial.pin for tutorial in _tutorials()}
    subjects = {LATENCY: TRIED, VERIFY: TRIED, TRAIN: [pin for pin in PINS if pin in pins]}
    return [Row(subject, what, _BUDGETS[kind][what]) for what, names in subjects.items() for subject in names]


def run_model_row(row: Row, place: Place, end: float) -> Result:
    """Run a row within its budget and before the end (of `time.monotonic`)."""
    begun = time.monotonic()
    task = {VERIFY: _verify, LATENCY: _latency, TRAIN: _train}[row.what]
    try:
        text, ok = task(row.subject, place, min(begun + row.budget, end)), True
    except Wrong as error:
        text, ok = str(error), False
    except Exception as error:  # a file of the user's, or an answer of another form, may raise anything
        text, ok = f"{type(error).__name__}: {error}", False
    return Result(row, ok, text, time.monotonic() - begun)


def _own_copy(data: Path, folder: Path) -> Path:
    """Return a copy of a data YAML that every upstream reads: yolov5 wants `nc` and a list, and starts elsewhere."""
    content = yaml.safe_load(data.read_text(encoding="utf-8"))
    content["path"] = str((data.absolute().parent / content.get("path", ".")).resolve())
    names = content["names"]
    content["names"] = [names[number] for number in sorted(names)] if isinstance(names, dict) else names
    content["nc"] = len(names)
    copy = folder / "data.yaml"
    copy.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return copy


def _made_shapes(folder: Path, end: float) -> Path:
    """Return the data YAML of generated images."""
    _run(("data", "shapes", "--out", str(folder / "shapes")), folder, end)
    return folder / "shapes" / "data.yaml"


def _verify(name: str, place: Place, end: float) -> str:
    found = _verified(name, place, _CHECKS[place.kind], end)
    by_status: dict[str, list[dict[str, Any]]] = {}
    for check in found["checks"]:
        by_status.setdefault(check["status"], []).append(check)
    failed = [f"{check['id']}: {check['summary']}" for check in by_status.get("fail", [])]
    if failed:
        raise Wrong(f"{found['pin']}, {len(failed)} checks fail: {'; '.join(failed)}")
    told = [f"{len(by_status.get('pass', []))} checks pass"]
    for status, verb in (("warn", "warns"), ("skip", "is skipped")):
        told += [f"{check['id']} {verb}: {check['summary']}" for check in by_status.get(status, [])]
    return f"{found['pin']} on {found['run']['device']}: {'; '.join(told)}"


def _latency(name: str, place: Place, end: float) -> str:
    found = _verified(name, place, ("latency",), end)
    texts = [
        f"{what} {_times(found[key])} against {_times(found['base'][key])}"
        for what, key in (("as built", "latency_ms"), ("fused", "latency_fused_ms"))
    ]
    return f"{Path(found['cfg']).name}, 1 image of {found['imgsz']}: {', '.join(texts)}"


def _times(found: Mapping[str, float]) -> str:
    return f"{found['median']:.1f} ms ({found['low']:.1f} to {found['high']:.1f})"


def _verified(name: str, place: Place, checks: Sequence[str], end: float) -> Mapping[str, Any]:
    """Make a workspace and a YAML of a module, unless they are there, and return what `verify` says of them."""
    module, pin = MODULES[name], _tutorial(MODULES[name]).pin
    folder = place.folder / module.source
    if not (folder / "models").exists():
        folder.mkdir(exist_ok=True)
        _run(("apply", "--repo", pin, "--module", name, *_compat(pin), "--dest", "workspace"), folder, end)
        _run(("render-cfg", "--module", name, "--scale", "n", "--out", "models"), folder, end)
    cfg = next((folder / "models").glob("*.yaml"))
    asked = [word for check in checks for word in ("--check", check)]
    how = ("--device", place.device, "--imgsz", str(_IMGSZ[place.kind]), *asked)
    return _run(("verify", "workspace", "--cfg", str(cfg), *how), folder, end, may_fail=4)


def _train(pin: str, place: Place, end: float) -> str:
    tutorial = next(one for one in _tutorials() if one.pin == pin)
    folder = place.folder / f"train-{pin}"
    folder.mkdir()
    asked = {"batch_size" if style_of(PINS[pin]) == "yolov5" else "batch": _BATCH, "imgsz": _SIDE[place.kind]}
    asked["workers"] = 0
    command = ["reproduce", tutorial.id, "--flavor", "paper", "--dest", "run", *_compat(pin), "--no-measure", "--run"]
    data = _own_copy(place.data, folder) if place.data else _made_shapes(folder, end)
    command += ["--data", str(data), "--epochs", str(_EPOCHS[place.kind]), "--device", place.device]
    command += [word for name, value in asked.items() for word in ("--set", f"{name}={value}")]
    if place.kind == "cpu":
        command += ["--scale", "n"]
    run = _run(command, folder, end, may_fail=4)["run"]
    wrong = [f"{one['name']}: {one['why'] or one['found']}" for one in run["comparisons"] if not one["agrees"]]
    if not run["as_expected"]:
        raise Wrong(f"{tutorial.id}: {run['verdict']}; {'; '.join(wrong)}")
    checked = ", ".join(one["name"] for one in run["comparisons"])
    return f"{tutorial.id}, {_EPOCHS[place.kind]} epochs: {run['verdict']} ({checked})"


def _tutorials() -> list[Tutorial]:
    return [module.tutorial for module in MODULES.values() if module.tutorial]


def _tutorial(module: Module) -> Tutorial:
    assert module.tutorial is not None
    return module.tutorial


def _compat(pin: str) -> tuple[str, ...]:
    """`--compat` on a Python whose libraries are too new for the pin's own code."""
    return ("--compat",) if set_for(PINS[pin], platform.python_version()).needs_compat(PINS[pin]) else ()


def _run(words: Sequence[str], folder: Path, end: float, may_fail: int = 0) -> Mapping[str, Any]:
    """Run a command of yolopatch and return its JSON.

    Raises:
        Wrong: it failed with another exit code than the one that may be, or was not done at the end.
    """
    if shutil.which("git") is None:
        raise Wrong("git is not installed, and yolopatch makes its workspaces with it")
    command = [sys.executable, "-m", "yolopatch", *words, "--json"]
    limit = max(end - time.monotonic(), 0.1)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise Wrong(f"yolopatch {words[0]} was not done in {limit:.0f} s") from None
    if done.returncode not in (0, may_fail):
        said = " ".join((done.stderr.strip() or done.stdout.strip())[-_TOLD:].split())
        raise Wrong(f"yolopatch {words[0]} ended with {done.returncode}: {said}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
