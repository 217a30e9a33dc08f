"""`doctor`: what of a pin would fail in an interpreter, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from yolopatch.catalog.environment.compat import STAGES, Mend, mends_of
from yolopatch.catalog.environment.environments import EnvironmentSet, set_of
from yolopatch.catalog.environment.needs import Need, needs_of, stand_ins
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.steps.workspace.patchset import load_patchset

ERROR, WARNING = "error", "warning"
# yolov5 6.1 looks for this distribution by name, and runs pip where only another brings the module
_HEADLESS = "opencv-python-headless"
_OPENCV = "opencv-python"


@dataclass(frozen=True)
class Fault:
    """What would fail.

    Attributes:
        severity: `error` where it would, `warning` where it may, or where somebody should know.
        stage: `import`, `train`, `validate`, `predict`, `export`; "" for none of them.
        what: the fact, `numpy 2.4.1: np.trapz is gone since 2.4`.
        where: upstream's line, or the setting; "" for none.
        hint: the next command.
    """

    severity: str
    stage: str
    what: str
    where: str
    hint: str


def find_faults(
    pin: Pin, compat: bool, interpreter: Interpreter, tree: Path | None = None, workspace: str = "WORKSPACE"
) -> tuple[Fault, ...]:
    """Return what of the pin would fail in the interpreter; what fails first comes first.

    Args:
        compat: whether the pin's old code was mended for newer libraries.
        tree: a checkout of the pin: what was mended there is left out, and lines are those of its files.
        workspace: how the hints name the folder that `apply` mends.
    """
    found = [
        *_missing(pin, interpreter),
        *_mismatched(interpreter),
        *(() if compat else _broken(pin, interpreter, tree, workspace)),
        *_looked_for_by_name(pin, interpreter),
        *_untried_python(pin, interpreter),
    ]
    return in_order(found)


def in_order(ailments: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return errors before warnings, and what fails first before what fails later."""
    return tuple(sorted(ailments, key=_order))


def _order(ailment: Fault) -> tuple[bool, int]:
    return ailment.severity != ERROR, STAGES.index(ailment.stage) if ailment.stage in STAGES else len(STAGES)


def _missing(pin: Pin, interpreter: Interpreter) -> Iterator[Fault]:
    for need in needs_of(pin):
        if not any(name in interpreter.packages for name in (need.distribution, *stand_ins(need.distribution))):
            yield _of_missing(need, pin)


def _of_missing(need: Need, pin: Pin) -> Fault:
    what = f"{need.distribution} is not installed" + (f": {need.otherwise}" if need.otherwise else "")
    return Fault(WARNING if need.otherwise else ERROR, need.stage, what, need.where, f"yolopatch env create {pin.name}")


def _mismatched(interpreter: Interpreter) -> Iterator[Fault]:
    """Give a torchvision that was built for another torch: its operators are not found."""
    torch = interpreter.packages.get("torch")
    for text in interpreter.requirements.get("torchvision", ()):
        asked = Requirement(text)
        if torch and asked.name == "torch" and not asked.specifier.contains(torch, prereleases=True):
            version = interpreter.packages.get("torchvision", "")
            yield Fault(
                ERROR,
                "import",
                f"torchvision {version} was built for torch{asked.specifier}, and torch {torch} is installed",
                interpreter.origins.get("torchvision", ""),
                f"{interpreter.executable} -m pip install 'torch{asked.specifier}'",
            )


def _broken(pin: Pin, interpreter: Interpreter, tree: Path | None, workspace: str) -> Iterator[Fault]:
    """Give what newer libraries than the pin's own break in it, one ailment for all places of one cause."""
    causes: dict[str, list[tuple[Mend, str]]] = {}
    for mend in mends_of(pin):
        version = _version(mend.library, interpreter)
        place = _place(pin, mend, tree)
        if version and place and Version(version) >= Version(mend.since):
            causes.setdefault(mend.because, []).append((mend, place))
    for because, places in causes.items():
        first = min((mend for mend, _ in places), key=lambda mend: STAGES.index(mend.stage))
        ways = [f"yolopatch apply --repo {pin.name} --compat --dest {workspace}"]
        if _is_older(set_of(pin), first):
            ways.append(f"yolopatch env create {pin.name}")
        yield Fault(
            ERROR,
            first.stage,
            f"{first.library} {_version(first.library, interpreter)}: {because}",
            ", ".join(dict.fromkeys(place for _, place in places)),
            ", or: ".join(ways),
        )


def _version(library: str, interpreter: Interpreter) -> str | None:
    return interpreter.python if library == "python" else interpreter.packages.get(library)


def _is_older(wanted: EnvironmentSet, mend: Mend) -> bool:
    """Tell whether the environment that is made for the pin holds the library back, so that nothing breaks there."""
    since = Version(mend.since)
    if mend.library == "python":
        return all(Version(python) < since for python in wanted.pythons)
    bounds = next((one.specifier for one in wanted.requirements if one.name == mend.library), ())
    return any(
        (one.operator == "==" and Version(one.version) < since)
        or (one.operator == "<" and Version(one.version) <= since)
        for one in bounds
    )


def _place(pin: Pin, mend: Mend, tree: Path | None) -> str:
    """Return where it breaks, "" where that was mended; without a tree, where in the pin."""
    if tree is None:
        lines = _replaced(pin.name).get(mend.path, {})
        numbers = [str(number) for number, text in lines.items() if mend.old in text]
        return ":".join((mend.path, *filter(None, [",".join(numbers)])))
    file = tree / mend.path
    text = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    numbers = [str(number) for number, line in enumerate(text, 1) if mend.old in line and mend.new not in line]
    return f"{mend.path}:{','.join(numbers)}" if numbers else ""


@cache
def _replaced(pin: str) -> dict[str, dict[int, str]]:
    changes = load_patchset(PINS[pin], (), compat=True).patches[0].changes
    return {change.path: change.replaced for change in changes}


def _looked_for_by_name(pin: Pin, interpreter: Interpreter) -> Iterator[Fault]:
    if pin.name == "yolov5-6.1" and _OPENCV not in interpreter.packages and _HEADLESS in interpreter.packages:
        yield Fault(
            WARNING,
            "train",
            f"{_HEADLESS} is installed and upstream looks for {_OPENCV}: it runs pip at every start",
            "utils/general.py:283",
            f"{interpreter.executable} -m pip install {_OPENCV}, or start it with: yolopatch env run",
        )


def _untried_python(pin: Pin, interpreter: Interpreter) -> Iterator[Fault]:
    wanted = set_of(pin)
    if not wanted.runs_on(interpreter.python):
        known = " and ".join(sorted(wanted.pythons))
        yield Fault(
            WARNING,
            "",
            f"Python {interpreter.python}: the pin was seen to train on {known}",
            interpreter.executable,
            f"yolopatch env create {pin.name}",
        )
