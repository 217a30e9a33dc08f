"""`doctor`: what is imported from where, which settings hold, and what of it all will bite."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.version import InvalidVersion, Version

from yolopatch.catalog.environment.environments import EnvironmentSet, set_of
from yolopatch.catalog.pins import PINS, Pin, style_of
from yolopatch.errors import ConflictError, YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.environment.upstream_home import shared_home, upstream_home
from yolopatch.outside.probe.inspect import gpus_of, inspect_interpreter
from yolopatch.outside.workspace.checkout import Checkout, read_checkout
from yolopatch.steps.environment.faults import ERROR, WARNING, Fault, find_faults, in_order

_VARIABLES = re.compile(r"^(YOLO(?!PATCH)|ULTRALYTICS|WANDB|COMET|CLEARML|NEPTUNE|MLFLOW|PYTHONPATH|PYTHONHOME)")
_SECRET = re.compile(r"KEY|TOKEN|PASSWORD|SECRET")
_SCALE_LETTER = re.compile(r"\d[nslmx]")
_BARE_PIP = ("ultralytics-8.2.50", "ultralytics-8.3.0", "yolov5-6.1", "yolov5-pypi-6.1.0")
# its pickles name numpy._core, which numpy 1.26 was the first of the old ones to know
_NEW_PICKLE, _READS_NEW = b"numpy._core", Version("1.26")
_NO_OLD_CACHES = ("ultralytics-8.2.50", "ultralytics-8.3.0")


@dataclass(frozen=True)
class Package:
    """A library: the version that is installed, None for none, and those that were tried."""

    name: str
    installed: str | None
    tried: str


@dataclass(frozen=True)
class Case:
    """A pin in the interpreter.

    Attributes:
        compat: whether it is mended for newer libraries.
        ailments: what would fail, or may.
    """

    pin: str
    compat: bool
    ailments: tuple[Fault, ...]


@dataclass(frozen=True)
class Imported:
    """Where upstream would be imported from: run from the workspace, and run from anywhere else ("" for nowhere)."""

    name: str
    inside: str
    outside: str


@dataclass(frozen=True)
class Settings:
    """Where upstream keeps its settings.

    Attributes:
        own: the workspace's, with yolopatch.
        shared: that of all of the user's upstreams, without.
        sends: whether those tell its makers what is run.
    """

    own: Path | None
    shared: Path
    sends: bool


@dataclass(frozen=True)
class Diagnosis:
    """What `doctor` found out.

    Attributes:
        workspace: None where there is none: every pin is told.
        gpus: the CUDA devices that torch sees.
        cuda: what torch was built for, "" for CPUs alone.
        variables: what the user's environment tells upstream.
    """

    python: str
    version: str
    workspace: Path | None
    cases: tuple[Case, ...]
    packages: tuple[Package, ...]
    imported: Imported | None
    settings: Settings
    cuda: str
    gpus: tuple[str, ...]
    variables: Mapping[str, str]

    @property
    def errors(self) -> int:
        """How many things would fail."""
        return sum(one.severity == ERROR for case in self.cases for one in case.ailments)


def diagnose(place: Path | None, python: str | None) -> Diagnosis:
    """Find out what would fail, of a checkout or, without one in the current folder, of every pin.

    Raises:
        ConflictError: the named folder holds no upstream.
        YolopatchError: there is no such interpreter.
    """
    checkout = _checkout(place)
    interpreter = inspect_interpreter(python or sys.executable)
    gpus, broken = _gpus(interpreter)
    cases: tuple[Case, ...]
    if checkout:
        cases = (_of_checkout(checkout, interpreter, [*broken, *_no_gpu(interpreter, gpus, bool(broken))]),)
    else:
        cases = tuple(Case(pin.name, False, find_faults(pin, False, interpreter)) for pin in PINS.values())
    return Diagnosis(
        python=interpreter.executable,
        version=interpreter.python,
        workspace=checkout.path if checkout else None,
        cases=cases,
        packages=_packages(set_of(PINS[cases[0].pin]), interpreter),
        imported=_imported(checkout, interpreter) if checkout else None,
        settings=Settings(upstream_home(checkout.path) if checkout else None, shared_home(), _sends(shared_home())),
        cuda=interpreter.cuda,
        gpus=gpus,
        variables={n: "***" if _SECRET.search(n) else v for n, v in os.environ.items() if _VARIABLES.match(n)},
    )


def _checkout(place: Path | None) -> Checkout | None:
    try:
        return read_checkout((place or Path.cwd()).absolute())
    except ConflictError:
        if place:
            raise
        return None


def _of_checkout(checkout: Checkout, interpreter: Interpreter, more: list[Fault]) -> Case:
    pin = checkout.pin or _most_alike(checkout)
    compat = bool(checkout.workspace and checkout.workspace.compat)
    found = [
        *find_faults(pin, compat, interpreter, checkout.path, _quoted(checkout) if checkout.workspace else "WORKSPACE"),
        *more,
        *_shadows(checkout, interpreter),
        *_other_pip(pin, interpreter),
        *_mangled_path(checkout),
        *_new_caches(pin, checkout, interpreter),
    ]
    return Case(pin.name, compat, in_order(found))


def _most_alike(checkout: Checkout) -> Pin:
    """Return the newest pin that is not newer than a checkout of another version, else the oldest of its kind."""
    pins = [pin for pin in PINS.values() if style_of(pin) == checkout.style]
    file = checkout.path / pins[0].layout.package / "__init__.py"
    said = re.search(r"__version__ = ['\"]([^'\"]+)", file.read_text("utf-8", "replace")) if file.is_file() else None
    try:
        version = Version(said[1]) if said else None
    except InvalidVersion:
        version = None
    older = [pin for pin in pins if version and pin.wheel and Version(pin.wheel.version) <= version]
    return older[-1] if older else pins[0]


def _packages(wanted: EnvironmentSet, interpreter: Interpreter) -> tuple[Package, ...]:
    return tuple(
        Package(one.name, interpreter.packages.get(one.name), str(one.specifier)) for one in wanted.requirements
    )


def _gpus(interpreter: Interpreter) -> tuple[tuple[str, ...], list[Fault]]:
    if "torch" not in interpreter.packages:
        return (), []
    try:
        return gpus_of(interpreter.executable), []
    except YolopatchError as error:
        said = error.details[-1] if error.details else error.what
        place = interpreter.origins.get("torch", "")
        return (), [Fault(ERROR, "import", f"torch cannot be imported: {said}", place, "install torch again")]


def _no_gpu(interpreter: Interpreter, gpus: tuple[str, ...], is_broken: bool) -> Iterator[Fault]:
    if interpreter.cuda and not gpus and not is_broken:
        what = f"torch is built for CUDA {interpreter.cuda} and sees no GPU: everything runs on the CPU"
        yield Fault(WARNING, "", what, "", "nvidia-smi says what the driver sees, if there should be one")


def _quoted(checkout: Checkout) -> str:
    return shlex.quote(str(checkout.path))


def _import_name(checkout: Checkout) -> str:
    return {"ultralytics": "ultralytics", "yolov5-package": "yolov5"}.get(checkout.style, "models")


def _imported(checkout: Checkout, interpreter: Interpreter) -> Imported:
    name = _import_name(checkout)
    return Imported(name, str(checkout.path / name / "__init__.py"), interpreter.origins.get(name, ""))


def _shadows(checkout: Checkout, interpreter: Interpreter) -> Iterator[Fault]:
    """Give a copy of upstream that scripts outside of the workspace, and the command `yolo`, would import instead."""
    name = _import_name(checkout)
    origin = interpreter.origins.get(name)
    if origin and not Path(origin).resolve().is_relative_to(checkout.path.resolve()):
        version = interpreter.packages.get(name, "")
        yield Fault(
            WARNING,
            "import",
            f"outside of the workspace, `import {name}` and its command take {name} {version}: none of your modules",
            origin,
            f"yolopatch env run {_quoted(checkout)} -- COMMAND, or: {interpreter.executable} -m pip install --no-deps "
            f"-e {_quoted(checkout)}",
        )


def _other_pip(pin: Pin, interpreter: Interpreter) -> Iterator[Fault]:
    pip = shutil.which("pip")
    if pin.name in _BARE_PIP and pip and Path(pip).parent != interpreter.bin:
        yield Fault(
            WARNING,
            "",
            f"upstream installs what it misses with the pip on PATH, and that is not the one in {interpreter.bin}",
            pip,
            "activate the environment, or start it with: yolopatch env run",
        )


def _mangled_path(checkout: Checkout) -> Iterator[Fault]:
    """Give a path from which upstream takes a letter away as if it were a scale, and finds no file then."""
    if checkout.style == "ultralytics" and _SCALE_LETTER.search(str(checkout.path)):
        yield Fault(
            WARNING,
            "import",
            "a digit and a letter n, s, m, l or x in the folder's path: upstream finds no YAML of all scales "
            "(yolo11n-X.yaml, where the file is yolo11-X.yaml) by its whole path",
            "ultralytics/nn/tasks.py: yaml_model_load",
            "name it from the workspace (yolo11n-X.yaml), render one scale, or move the workspace",
        )


def _new_caches(pin: Pin, checkout: Checkout, interpreter: Interpreter) -> Iterator[Fault]:
    """Give label caches that another environment's numpy wrote and this one's cannot read."""
    numpy = interpreter.packages.get("numpy")
    if pin.name not in _NO_OLD_CACHES or not numpy or Version(numpy) >= _READS_NEW:
        return
    for folder in (checkout.path.parent / "datasets", checkout.path / "datasets"):
        for file in sorted(folder.glob("*/labels/*.cache")):
            if _NEW_PICKLE in file.read_bytes():
                yield Fault(
                    ERROR,
                    "train",
                    f"a label cache was written by numpy 2, and numpy {numpy} cannot read it",
                    str(file),
                    f"rm {shlex.quote(str(file))} (upstream writes it again)",
                )


def _sends(home: Path) -> bool:
    """Tell whether upstream's shared settings say to tell its makers what is run; they do where nobody changed it."""
    for file in (home / "settings.json", home / "settings.yaml"):
        try:
            said = yaml.safe_load(file.read_text("utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        if isinstance(said, dict) and said.get("sync") is False:
            return False
    return True
