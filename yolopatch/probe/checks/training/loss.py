"""Is the loss that the workspace trains with upstream's? Where somebody edited one: is the edited one in use?"""

from __future__ import annotations

import ast
import math
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ....wire.python.packages import how_to_get, module_not_found
from ....wire.shell import quote
from ...build.subject import Subject
from ...explain.causes import known_cause
from ...explain.raising import edited_line, first_line, raised
from ...losses.box_loss import BoxLoss, find_box_loss
from ...measure.definitions import functions, meaning
from ...measure.loss_values import LossFailed
from ...measure.reference import loss_of_base, reference_data
from ...protocol.findings import Finding, failed, passed, skipped, warned
from ...tensors.tensors import distance
from ...thresholds import SAME_LOSS
from ..evidence import sample
from ..own_loss import evidence_of, is_inserted, not_in_use, tried, words
from ..rules import Rules
from ..unchanged import in_unchanged_upstream

_LEFT_OUT = {"site-packages", "dist-packages", "runs", "__pycache__"}  # folders without code of the workspace
_LOSS_NAME = re.compile(r"(?<!g)loss|iou(?!s)|_ious", re.IGNORECASE)  # not a glossary, nor the previous
_SHOWN = 3  # files or functions in a sentence

RULES = Rules(needs_model=False, needs_run=False, asks_base=False)


def check(subject: Subject) -> Finding:
    """Compare the loss of fixed outputs and labels, and its gradient, with that of the unchanged upstream.

    The base's head and classes choose the loss in both. An edit that is not in use is found by the names of the
    functions that ran.
    """
    said = in_unchanged_upstream(subject)
    if isinstance(said, Finding):
        return said
    if not Path(subject.upstream.file).resolve().is_relative_to(Path(subject.request.workspace).resolve()):
        return skipped("the imported upstream is not the workspace's (see provenance)")
    expected = said["loss"]
    if "error" in expected:
        return skipped(f"the unchanged upstream computes no loss of the base here: {expected['error'][:200]}")
    own = find_box_loss(subject.upstream)
    try:
        found = loss_of_base(subject.upstream, reference_data(subject))
    except LossFailed as failure:
        return _raising(subject, own, failure, failure.__cause__ or failure)
    return _with_own(subject, own, found, expected) if own else _compared(subject, found, expected)


def _raising(subject: Subject, own: BoxLoss | None, failure: LossFailed, error: BaseException) -> Finding:
    """Return the failure of a loss that raised: its cause where one is known, and the edited line or functions."""
    what = f"{type(error).__name__}: {first_line(error)[:200]}"
    known, at = known_cause(None, error), _edited_line(subject, error)
    lacking = module_not_found(what) if own else None
    edited = [] if at else sorted(_edited(subject, failure.code))
    if lacking:
        remedy = how_to_get(lacking, sys.executable)
    elif at:
        remedy = f"mend {at}, which the unchanged upstream does not have{f': {known.remedy}' if known else ''}"
    elif edited:
        remedy = (
            f"mend {_list(edited)}: the error comes out at {raised(None, error).line}, a line of upstream's own, which "
            "gets something else from the edited code than from upstream's"
        )
    else:
        remedy = "undo the edit of upstream's files that the loss uses, or mend it"
    told = f"{known.what} ({what})" if known else what
    return failed(f"the workspace's loss raises an error where upstream's does not: {told}", remedy)


def _edited_line(subject: Subject, error: BaseException) -> str:
    """Return the line at which the loss raised, if the unchanged upstream has no such line."""
    return edited_line(Path(subject.request.workspace), Path(subject.request.pristine or ""), error)


def _with_own(subject: Subject, loss: BoxLoss, found: dict[str, Any], expected: dict[str, Any]) -> Finding:
    """Return the finding where a module of the workspace has a loss of its own."""
    unused = not_in_use(loss, subject.upstream.task(reference_data(subject)), found["code"])
    if unused:
        return unused
    trial, failure = tried(loss)
    if failure or trial is None:
        return failure or failed(f"{loss.module} could not be tried", "verify again")
    here, pristine = _package(subject)
    code = {
        file: [name for name in names if not is_inserted(loss, file, name, here, pristine)]
        for file, names in found["code"].items()
    }
    edited = sorted(_edited(subject, code))
    evidence = {**_evidence(subject, found, expected, edited), **evidence_of(loss, trial)}
    changed = _changed(evidence)
    if edited:
        return warned(
            f"the loss of fixed boxes is not {loss.module} alone: {changed}; edited, too: {_list(edited)}",
            _difference_hint(subject, edited),
            **evidence,
        )
    if trial.endless_sizeless:
        return warned(
            f"{words(loss, trial)}, not for {'; '.join(trial.endless_sizeless)}; {changed}",
            f"upstream leaves labels without a size out; to be safe, divide by a sum with a small number, in "
            f"{loss.files[0]}",
            **evidence,
        )
    return passed(f"{words(loss, trial)}; {changed}", **evidence)


def _changed(evidence: Mapping[str, Any]) -> str:
    """Return how the loss of fixed boxes differs from upstream's, in words."""
    told = ", ".join(
        f"{name} {part['here']:.4g}{_instead(**part)}"
        for name, part in evidence["parts"].items()
        if part["here"] != part["upstream"]
    )
    degrees = evidence["gradient_degrees"]
    return (told or "the same values as upstream's") + (
        "" if degrees is None else f", and the gradients that differ {_turn(degrees)}"
    )


def _compared(subject: Subject, found: dict[str, Any], expected: dict[str, Any]) -> Finding:
    edited = sorted(_edited(subject, found["code"]))
    unused = sorted(_unused(subject, expected["code"], found["code"]))
    evidence = {**_evidence(subject, found, expected, edited), "not_in_use": sample(unused, "names")}
    parts, apart = found["parts"], evidence["apart"]
    endless = [name for name, value in parts.items() if not math.isfinite(value)]
    if (endless or not found["gradient"].isfinite().all()) and _is_finite(expected):
        return failed(
            f"{_endless(endless)} of fixed boxes is not finite, where upstream's is; edited: "
            f"{_list(edited) or 'no function'}",
            "divide by a sum with a small number (eps), take no root or logarithm of zero, and clamp what an arc "
            "takes: boxes without an overlap, and equal ones, occur in every training",
            **evidence,
        )
    if apart > SAME_LOSS:
        return warned(_difference(evidence), _difference_hint(subject, edited), **evidence)
    same = "bit for bit" if apart == 0 else f"but for rounding ({apart:.1g})"
    if unused:
        homes = sorted(_homes(subject, expected["code"], unused))
        return warned(
            f"the loss is upstream's ({same}): the edited {_list(unused)} is not in use",
            f"put the edit where upstream's own function is ({_list(homes)}), or import yours there",
            **evidence,
        )
    if edited:
        return warned(
            f"the loss is upstream's ({same}), though {_list(edited)} is edited: the edit changes nothing here",
            "an option of the edited function may have to be switched on where the loss calls it",
            **evidence,
        )
    idle = sorted(_idle(subject, found["code"]))
    figures = ", ".join(f"{name} {value:.4g}" for name, value in parts.items())
    aside = f"; defined but not in use: {_list(idle)}" if idle else ""
    return passed(
        f"the loss of fixed boxes and its gradient are upstream's, {same}: {figures}{aside}",
        **evidence,
        defined_not_used=sample(idle, "names"),
    )


def _endless(names: Sequence[str]) -> str:
    """Return what is not finite, as the begin of a sentence: the parts of the loss, or its gradient alone."""
    return f"the loss ({', '.join(names)})" if names else "the gradient of the loss"


def _is_finite(loss: Mapping[str, Any]) -> bool:
    values = [*loss["parts"].values(), loss["total"]]
    return all(map(math.isfinite, values)) and bool(loss["gradient"].isfinite().all())


def _evidence(subject: Subject, found: dict[str, Any], expected: dict[str, Any], edited: list[str]) -> dict[str, Any]:
    others = expected["parts"]
    return {
        "parts": {name: {"here": value, "upstream": others.get(name)} for name, value in found["parts"].items()},
        "gradient_degrees": _degrees(found["gradient"], expected["gradient"]),
        "apart": _apart(found, expected),
        "edited": sample(edited, "names"),
        "computed_by": [_prefix(subject) + file for file in sorted(found["code"])],
    }


def _apart(found: Mapping[str, Any], expected: Mapping[str, Any]) -> float:
    """Return how far two losses differ, relative: their parts and their gradients."""
    if found["parts"].keys() != expected["parts"].keys():
        return math.inf
    return distance(*((_values(one["parts"]), one["gradient"]) for one in (found, expected)))


def _values(parts: Mapping[str, float]) -> Tensor:
    return torch.tensor(list(parts.values()), dtype=torch.float64)


def _degrees(found: Tensor, expected: Tensor) -> float | None:
    """Return the angle between two gradients where they differ; None where they differ nowhere, or have no angle."""
    if found.shape != expected.shape:
        return None
    differs = found != expected
    own, other = found[differs].double(), expected[differs].double()
    cosine = torch.nn.functional.cosine_similarity(own, other, dim=0).clamp(-1, 1).item()
    has_angle = bool(own.any()) and bool(other.any()) and math.isfinite(cosine)
    return round(math.degrees(math.acos(cosine)), 3) if has_angle else None


def _difference(evidence: Mapping[str, Any]) -> str:
    told = ", ".join(
        f"{name} {part['here']:.6g}{_instead(**part)}"
        for name, part in evidence["parts"].items()
        if part["here"] != part["upstream"]
    )
    degrees, edited, unused = (evidence[name] for name in ("gradient_degrees", "edited", "not_in_use"))
    direction = "" if degrees is None else f"; the gradients that differ {_turn(degrees)}"
    places = (
        f"edited: {_list(edited['names'])}" if edited["count"] else "none of its functions is edited, so a setting is"
    )
    aside = f"; not in use: {_list(unused['names'])}" if unused["count"] else ""
    return f"the loss of fixed boxes is not upstream's: {told or 'the same values'}{direction}; {places}{aside}"


def _turn(degrees: float) -> str:
    return f"turn by {degrees:.3g} degrees" if degrees else "keep their direction"


def _instead(here: float, upstream: float | None) -> str:
    """Return what upstream's value is, and how often it goes into the other: of a constant factor, that is the edit."""
    if upstream is None:
        return ""
    factor = f" ({here / upstream:.4g} times)" if upstream and math.isfinite(here / upstream) else ""
    return f" instead of {upstream:.6g}{factor}"


def _difference_hint(subject: Subject, edited: Sequence[str]) -> str:
    root = quote(Path(subject.request.workspace))
    undo = f"find the edit: git -C {root} diff, or log -p"
    if not subject.request.history.commit:  # without git, a copy of the release is all that there is to compare with
        undo = f"put back upstream's own code: {_list(list(edited))}" if edited else "find the setting that differs"
    return f"if you want another loss, say so beside your results; else {undo}"


def _list(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _package(subject: Subject) -> tuple[Path, Path]:
    """Return the folder of the package that is imported, and the same folder of the unchanged upstream."""
    here = Path(subject.upstream.file).resolve().parent.parent
    root = Path(subject.request.workspace).resolve()
    return here, Path(str(subject.request.pristine)) / here.relative_to(root)


def _prefix(subject: Subject) -> str:
    """Return the folder of the package in the workspace, with a slash; "" where it is the workspace."""
    inside = _package(subject)[0].relative_to(Path(subject.request.workspace).resolve()).as_posix()
    return "" if inside == "." else f"{inside}/"


def _edited(subject: Subject, code: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield each function that the loss ran and that upstream has not, or has in another way: `FILE (function)`."""
    here, pristine = _package(subject)
    prefix = _prefix(subject)
    for file, names in code.items():
        own, other = functions(here / file), functions(pristine / file)
        for name in names:
            if meaning(own.get(name)) != meaning(other.get(name)):
                yield f"{prefix}{file} ({name})"


def _unused(subject: Subject, usual: Mapping[str, list[str]], code: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield each edited function with the name of one of the loss in a file that the loss did not run."""
    package, unchanged = _package(subject)
    root, pristine = Path(subject.request.workspace).resolve(), Path(str(subject.request.pristine))
    ran = {(package / file).resolve() for file in code}
    wanted = {name for names in usual.values() for name in names if not name.endswith(".__init__")}
    known = [functions(unchanged / home) for home in usual]
    for file, name in _copies(root):
        if file.resolve() not in ran and not _same_bytes(file, pristine / name):
            yield from (f"{name} ({key})" for key in _other_texts(file, wanted, [functions(pristine / name), *known]))
    for file, home in _installed(subject, usual):
        yield from (f"{file} ({key})" for key in _other_texts(file, wanted, [functions(unchanged / home)]))


def _idle(subject: Subject, code: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield each class or function of a loss, by its name, that somebody added to the package and that did not run."""
    package, unchanged = _package(subject)
    for file, name in _copies(package):
        if not _same_bytes(file, unchanged / name):
            own = _outermost(functions(file)) - _outermost(functions(unchanged / name)) - _outermost(code.get(name, ()))
            yield from (f"{_prefix(subject)}{name} ({one})" for one in own if _LOSS_NAME.search(one))


def _outermost(names: Iterable[str]) -> set[str]:
    """Return functions and, in place of methods, their classes."""
    return {name.partition(".")[0] for name in names}


def _other_texts(file: Path, wanted: set[str], known: Sequence[Mapping[str, ast.FunctionDef]]) -> Iterator[str]:
    """Yield the wanted functions of a file that do something else than every known one of this name."""
    own = functions(file)
    for name in sorted(wanted & own.keys()):
        if meaning(own[name]) in {meaning(one[name]) for one in known if name in one}:
            continue
        users = _users(own, name)
        if not users or users & _outermost(wanted):
            yield name


def _users(own: Mapping[str, ast.FunctionDef], name: str) -> set[str]:
    """Return the functions and classes of a file that use one of its functions: a head decodes its boxes so."""
    return _outermost(
        one
        for one, node in own.items()
        if one != name and any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))
    )


def _installed(subject: Subject, usual: Mapping[str, list[str]]) -> Iterator[tuple[Path, str]]:
    """Yield the files of the loss in every other copy that people import, if it is one of this release."""
    starts, unchanged = subject.request.starts, _package(subject)[1]
    if starts is None or subject.upstream.package == "models":
        return  # a clone of yolov5 is installed nowhere
    root = Path(subject.request.workspace).resolve()
    for package in sorted({Path(one.file).resolve().parent for one in starts.ways if one.file}):
        if not package.is_relative_to(root) and _same_bytes(package / "__init__.py", unchanged / "__init__.py"):
            yield from ((package / home, home) for home in usual)


def _copies(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the Python files of the workspace, with their path in it."""
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if _is_code(Path(folder) / name)]
        for name in files:
            if name.endswith(".py"):
                file = Path(folder) / name
                yield file, file.relative_to(root).as_posix()


def _is_code(folder: Path) -> bool:
    return not (folder.name.startswith(".") or folder.name in _LEFT_OUT or (folder / "pyvenv.cfg").exists())


def _same_bytes(file: Path, other: Path) -> bool:
    return other.is_file() and file.stat().st_size == other.stat().st_size and file.read_bytes() == other.read_bytes()


def _homes(subject: Subject, code: Mapping[str, list[str]], unused: list[str]) -> set[str]:
    """Return the files of upstream that have the functions of which there is an edited copy elsewhere."""
    names = {one.rpartition("(")[2].rstrip(")") for one in unused}
    return {_prefix(subject) + file for file, found in code.items() if names & set(found)}
