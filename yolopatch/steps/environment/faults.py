"""What would fail when a pin runs in an interpreter, and on which line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from yolopatch.catalog.environment.compat import STAGES, CompatFix, compat_fixes_of
from yolopatch.catalog.environment.environments import pythons_of, sets_of
from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.environment.needs import Need, module_of, needs_of, stand_ins
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.steps.environment.mending import mend_command
from yolopatch.steps.workspace.patchset import load_patchset

ERROR, WARNING = "error", "warning"
# yolov5 6.1 looks for opencv-python by this name, and runs pip where only the headless one is installed
_HEADLESS = "opencv-python-headless"
_OPENCV = "opencv-python"


@dataclass(frozen=True)
class Fault:
    """What would fail.

    Attributes:
        severity: `error` for what would fail, `warning` for what may fail or the user should know.
        stage: `import`, `train`, `validate`, `predict`, `export`; "" for none of them.
        what: the fact, e.g. `numpy 2.4.1: np.trapz is gone since 2.4`.
        where: upstream's file and line, or the setting; "" for none.
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
    """Return what would fail when the pin runs in the interpreter, in the order in which it fails.

    Args:
        pin: the upstream.
        compat: whether the compatibility patch is applied.
        interpreter: with the installed libraries.
        tree: a checkout of the pin: lines that are fixed there are left out, and line numbers are of its files.
        workspace: the name that the hints give to the folder for `apply --compat` and `env run`.
    """
    found = [
        *(_missing_fault(need, pin) for need in missing_needs(pin, interpreter, tree)),
        *_mismatched(interpreter),
        *(() if compat else _broken(pin, interpreter, tree, workspace)),
        *_looked_for_by_name(pin, interpreter, workspace),
        *_untried_python(pin, interpreter),
    ]
    return in_order(found)


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return errors before warnings, and earlier stages before later ones."""
    return tuple(sorted(faults, key=_order))


def _order(fault: Fault) -> tuple[bool, int]:
    return fault.severity != ERROR, STAGES.index(fault.stage) if fault.stage in STAGES else len(STAGES)


def missing_needs(pin: Pin, interpreter: Interpreter, tree: Path | None = None) -> tuple[Need, ...]:
    """Return the libraries that the pin imports and that the interpreter does not have.

    Args:
        pin: the upstream.
        interpreter: with the installed libraries.
        tree: a checkout, perhaps of another version than the pin's: a library that its file does not import is left
            out.
    """
    return tuple(
        need
        for need in needs_of(pin)
        if not _has(interpreter, need.distribution) and (tree is None or _imports(tree, need))
    )


def _has(interpreter: Interpreter, distribution: str) -> bool:
    # some ways of installing, like a distribution's own packages, leave no metadata of the Python package
    names = (distribution, *stand_ins(distribution))
    return any(name in interpreter.packages for name in names) or bool(interpreter.origins.get(module_of(distribution)))


def _imports(tree: Path, need: Need) -> bool:
    file = tree / need.where.partition(":")[0]
    text = file.read_text("utf-8", "replace") if file.is_file() else ""
    module, name = re.escape(module_of(need.distribution)), re.escape(need.distribution)
    return bool(re.search(rf"\b(?:import|from) +{module}\b|\bmetadata\.version\(.{name}.\)", text))


def _missing_fault(need: Need, pin: Pin) -> Fault:
    what = f"{need.distribution} is not installed" + (f": {need.otherwise}" if need.otherwise else "")
    return Fault(WARNING if need.otherwise else ERROR, need.stage, what, need.where, f"yolopatch env create {pin.name}")


def _mismatched(interpreter: Interpreter) -> Iterator[Fault]:
    """Yield a torchvision that was built for another torch: its operators are not found."""
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
    """Yield what newer libraries break in the pin, one fault for each cause with all its lines."""
    causes: dict[str, list[tuple[CompatFix, str]]] = {}
    for fix in compat_fixes_of(pin):
        version = _version(fix.library, interpreter)
        place = _place(pin, fix, tree)
        if version and place and Version(version) >= Version(fix.since):
            causes.setdefault(fix.because, []).append((fix, place))
    for because, places in causes.items():
        first = min((fix for fix, _ in places), key=lambda fix: STAGES.index(fix.stage))
        ways = [mend_command(COMPAT, pin, tree, workspace)]
        if not sets_of(pin)[0].breaks(first):
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


def _place(pin: Pin, fix: CompatFix, tree: Path | None) -> str:
    """Return the file and lines that break, "" where the tree has the fix; without a tree, the pin's own lines."""
    if tree is None:
        lines = _replaced(pin.name).get(fix.path, {})
        numbers = [str(number) for number, text in lines.items() if fix.old in text]
        return ":".join((fix.path, *filter(None, [",".join(numbers)])))
    file = tree / fix.path
    text = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    numbers = [str(number) for number, line in enumerate(text, 1) if fix.old in line and fix.new not in line]
    return f"{fix.path}:{','.join(numbers)}" if numbers else ""


@cache
def _replaced(pin: str) -> dict[str, dict[int, str]]:
    changes = load_patchset(PINS[pin], (), [COMPAT]).patches[0].changes
    return {change.path: change.replaced for change in changes}


def _looked_for_by_name(pin: Pin, interpreter: Interpreter, workspace: str) -> Iterator[Fault]:
    if pin.name == "yolov5-6.1" and _OPENCV not in interpreter.packages and _HEADLESS in interpreter.packages:
        yield Fault(
            WARNING,
            "train",
            f"{_HEADLESS} is installed, but upstream looks for {_OPENCV} and runs pip at every start",
            "utils/general.py:283",
            f"{interpreter.executable} -m pip install {_OPENCV}, or start upstream with: "
            f"yolopatch env run {workspace} -- COMMAND",
        )


def _untried_python(pin: Pin, interpreter: Interpreter) -> Iterator[Fault]:
    wanted = sets_of(pin)
    if not any(one.runs_on(interpreter.python) for one in wanted):
        *known, newest = pythons_of(wanted)
        yield Fault(
            WARNING,
            "",
            f"Python {interpreter.python}: the pin was tried only on {', '.join(known)} and {newest}",
            interpreter.executable,
            f"yolopatch env create {pin.name}",
        )
