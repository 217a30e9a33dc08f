"""`doctor`: from where things are imported, which settings apply, and what would fail."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from packaging.version import Version

from yolopatch.catalog.environment.environments import EnvironmentSet, set_for
from yolopatch.catalog.environment.fix_patches import SEEDS, FixPatch
from yolopatch.catalog.environment.habits import END_AT_UNREADABLE_CACHES, RUN_PIP_FROM_PATH
from yolopatch.catalog.environment.seeds import UNREACHED
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.environment.secrets import hide_secret
from yolopatch.core.plain_yaml import PlainYamlError, load_plain
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.environment.upstream_settings import settings_folder, shared_settings_folder
from yolopatch.outside.probe.inspect import list_gpus
from yolopatch.outside.workspace.checkout import Checkout, read_checkout
from yolopatch.outside.workspace.workspace import NoWorkspaceError
from yolopatch.steps.environment.faults import ERROR, WARNING, Fault, find_faults, in_order
from yolopatch.steps.environment.interpreters import choose_interpreter
from yolopatch.steps.environment.mending import mend_command
from yolopatch.steps.environment.nearest_pin import own_or_nearest_pin
from yolopatch.steps.workspace.fix_flags import with_flags
from yolopatch.wire import shell

_VARIABLES = re.compile(r"^(YOLO(?!PATCH)|ULTRALYTICS|WANDB|COMET|CLEARML|NEPTUNE|MLFLOW|PYTHONPATH|PYTHONHOME)")
_SCALE_LETTER = re.compile(r"\d[nslmx]")
# pickles of numpy 2 name numpy._core; numpy 1.26 is the first 1.x version that has it
_NEW_PICKLE, _READS_NEW = b"numpy._core", Version("1.26")


@dataclass(frozen=True)
class Package:
    """A library: the installed version, None without one, and the versions that the pin was tried with."""

    name: str
    installed: str | None
    tried: str


@dataclass(frozen=True)
class Case:
    """A pin in the interpreter.

    Attributes:
        fix_patches: those that yolopatch applied to it.
        ailments: what would fail or may fail; the name is the key in the JSON.
    """

    pin: str
    fix_patches: tuple[FixPatch, ...]
    ailments: tuple[Fault, ...]


@dataclass(frozen=True)
class Imported:
    """From where upstream is imported.

    Attributes:
        name: of the package or module.
        inside: the file, for a command that runs in the workspace.
        outside: the file, for a command that runs elsewhere; "" where the import fails.
    """

    name: str
    inside: str
    outside: str


@dataclass(frozen=True)
class Settings:
    """The folders of upstream's settings.

    Attributes:
        own: of the workspace, when yolopatch runs upstream; None without a workspace.
        shared: of all upstreams of the user, without yolopatch.
        sends: whether the shared settings let upstream send usage data.
    """

    own: Path | None
    shared: Path
    sends: bool


@dataclass(frozen=True)
class Diagnosis:
    """The result of `doctor`.

    Attributes:
        workspace: None without a workspace; `cases` then has every pin.
        gpus: the CUDA devices that torch finds.
        cuda: the CUDA version that torch was built for, "" for a CPU build.
        variables: environment variables that change what upstream does; secrets are hidden.
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
        """The number of faults that are errors."""
        return sum(one.severity == ERROR for case in self.cases for one in case.ailments)

    def data(self) -> dict[str, object]:
        """Return what `--json` prints."""
        told = asdict(replace(self, cases=()))
        return {**told, "cases": [with_flags(case) for case in self.cases], "errors": self.errors}


def diagnose(place: Path | None, python: str | None, cache: Path) -> Diagnosis:
    """Find what would fail for a checkout; without one in the current folder, for every pin.

    Args:
        place: the checkout; None for the current folder.
        python: the interpreter; None for the one in which the other commands run upstream.
        cache: the cache folder, which holds the environments.

    Raises:
        NoWorkspaceError: the folder that the user named is no checkout of an upstream that we know.
        YolopatchError: the interpreter does not exist.
    """
    checkout = _checkout(place)
    pin = own_or_nearest_pin(checkout) if checkout else next(iter(PINS.values()))
    interpreter = choose_interpreter(pin, python, cache)
    gpus, broken = _gpus(interpreter)
    cases: tuple[Case, ...]
    if checkout:
        cases = (_examine_checkout(checkout, interpreter, [*broken, *_no_gpu(interpreter, gpus, bool(broken))]),)
    else:
        cases = tuple(Case(pin.name, (), find_faults(pin, False, interpreter)) for pin in PINS.values())
    return Diagnosis(
        python=interpreter.executable,
        version=interpreter.python,
        workspace=checkout.path if checkout else None,
        cases=cases,
        packages=_packages(set_for(PINS[cases[0].pin], interpreter.python), interpreter),
        imported=_imported(checkout, interpreter) if checkout else None,
        settings=Settings(
            settings_folder(checkout.path) if checkout else None,
            shared_settings_folder(),
            _sends(shared_settings_folder()),
        ),
        cuda=interpreter.cuda,
        gpus=gpus,
        variables={n: hide_secret(n, v) for n, v in os.environ.items() if _VARIABLES.match(n)},
    )


def _checkout(place: Path | None) -> Checkout | None:
    try:
        return read_checkout((place or Path.cwd()).absolute())
    except NoWorkspaceError:
        if place:
            raise
        return None


def _examine_checkout(checkout: Checkout, interpreter: Interpreter, more: list[Fault]) -> Case:
    pin = own_or_nearest_pin(checkout)
    place = _quoted(checkout) if checkout.workspace else "WORKSPACE"
    found = [
        *find_faults(pin, checkout.compat, interpreter, checkout.path, place),
        *more,
        *_shadows(checkout, interpreter),
        *_other_pip(pin, checkout, interpreter),
        *_mangled_path(checkout),
        *_new_caches(pin, checkout, interpreter),
        *_constant_seed(pin, checkout),
    ]
    return Case(pin.name, checkout.fix_patches, in_order(found))


def _packages(wanted: EnvironmentSet, interpreter: Interpreter) -> tuple[Package, ...]:
    return tuple(
        Package(one.name, interpreter.packages.get(one.name), str(one.specifier)) for one in wanted.requirements
    )


def _gpus(interpreter: Interpreter) -> tuple[tuple[str, ...], list[Fault]]:
    if "torch" not in interpreter.packages:
        return (), []
    try:
        return list_gpus(interpreter.executable), []
    except YolopatchError as error:
        reason = error.details[-1] if error.details else error.what
        file = interpreter.origins.get("torch", "")
        hint = f"install it again: {interpreter.executable} -m pip install --force-reinstall torch"
        return (), [Fault(ERROR, "import", f"torch cannot be imported: {reason}", file, hint)]


def _no_gpu(interpreter: Interpreter, gpus: tuple[str, ...], is_broken: bool) -> Iterator[Fault]:
    if interpreter.cuda and not gpus and not is_broken:
        what = f"torch was built for CUDA {interpreter.cuda} and finds no GPU: everything runs on the CPU"
        yield Fault(WARNING, "", what, "", "if the machine has a GPU, check the driver: nvidia-smi")


def _quoted(checkout: Checkout) -> str:
    return shell.quote(checkout.path)


def _import_name(checkout: Checkout) -> str:
    return {"ultralytics": "ultralytics", "yolov5-package": "yolov5"}.get(checkout.style, "models")


def _imported(checkout: Checkout, interpreter: Interpreter) -> Imported:
    name = _import_name(checkout)
    return Imported(name, str(checkout.path / name / "__init__.py"), interpreter.origins.get(name, ""))


def _shadows(checkout: Checkout, interpreter: Interpreter) -> Iterator[Fault]:
    """Yield the copy of upstream that scripts outside the workspace, and the command `yolo`, import instead."""
    name = _import_name(checkout)
    origin = interpreter.origins.get(name)
    if origin and not Path(origin).resolve().is_relative_to(checkout.path.resolve()):
        version = interpreter.packages.get(name, "")
        yield Fault(
            WARNING,
            "import",
            f"outside the workspace, `import {name}` and its command use {name} {version}, without your modules",
            origin,
            f"yolopatch env run {_quoted(checkout)} -- COMMAND, or: {interpreter.executable} -m pip install --no-deps "
            f"-e {_quoted(checkout)}",
        )


def _other_pip(pin: Pin, checkout: Checkout, interpreter: Interpreter) -> Iterator[Fault]:
    pip = shutil.which("pip")
    if pin.name in RUN_PIP_FROM_PATH and pip and Path(pip).parent != interpreter.bin:
        yield Fault(
            WARNING,
            "",
            f"upstream installs missing packages with the pip on PATH, which is not the one in {interpreter.bin}",
            pip,
            f"activate the environment, or start upstream with: yolopatch env run {_quoted(checkout)} -- COMMAND",
        )


def _mangled_path(checkout: Checkout) -> Iterator[Fault]:
    """Yield a path in which upstream removes a letter, as if it were a scale, and then finds no file."""
    if checkout.style == "ultralytics" and _SCALE_LETTER.search(str(checkout.path)):
        yield Fault(
            WARNING,
            "import",
            "the folder's path has a digit before n, s, m, l or x: by a whole path, upstream finds no YAML of all "
            "scales (yolo11n-X.yaml for the file yolo11-X.yaml)",
            "ultralytics/nn/tasks.py: yaml_model_load",
            "give the name without its folder (yolo11n-X.yaml), render one scale, or move the workspace",
        )


def _new_caches(pin: Pin, checkout: Checkout, interpreter: Interpreter) -> Iterator[Fault]:
    """Yield the label caches that a newer numpy wrote and this one cannot read."""
    numpy = interpreter.packages.get("numpy")
    if pin.name not in END_AT_UNREADABLE_CACHES or not numpy or Version(numpy) >= _READS_NEW:
        return
    for folder in (checkout.path.parent / "datasets", checkout.path / "datasets"):
        for file in sorted(folder.glob("*/labels/*.cache")):
            if _NEW_PICKLE in file.read_bytes():
                yield Fault(
                    ERROR,
                    "train",
                    f"numpy 2 wrote a label cache, and numpy {numpy} cannot read it",
                    str(file),
                    f"{shell.remove(file)} (upstream writes it again)",
                )


def _constant_seed(pin: Pin, checkout: Checkout) -> Iterator[Fault]:
    """Yield the line by which the loader's workers get the same seed in every run."""
    for fix in SEEDS.fixes_of(pin):
        file = checkout.path / fix.path
        lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
        found = [number for number, line in enumerate(lines, 1) if fix.old in line]
        if found:
            dest = _quoted(checkout) if checkout.workspace else "NEW-FOLDER"
            hint = f"{mend_command(SEEDS, pin, checkout.path, dest)} (results change)"
            yield Fault(WARNING, "train", UNREACHED, f"{fix.path}:{found[0]}", hint)


def _sends(home: Path) -> bool:
    """Return whether the shared settings let upstream send usage data; its default is yes."""
    for file in (home / "settings.json", home / "settings.yaml"):
        try:
            settings = load_plain(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, PlainYamlError):
            continue
        if isinstance(settings, dict) and settings.get("sync") is False:
            return False
    return True
