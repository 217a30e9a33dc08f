"""Does upstream's own YAML build in the workspace exactly what it builds in the unchanged upstream?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...base.bases import Base, read_yaml
from ...build.subject import Subject
from ...losses.box_loss import BoxLoss, find_box_loss
from ...measure.reference import describe, reference_data
from ...protocol.findings import Finding, failed, passed, warned
from ...tensors.tensors import distance
from ...thresholds import SAME_FUNCTION
from ..edits import edited_definitions
from ..evidence import sample
from ..rules import Rules
from ..unchanged import in_unchanged_upstream

_SHOWN = 3  # definitions in a sentence
RULES = Rules(needs_model=False, needs_run=False, asks_base=False)


def check(subject: Subject) -> Finding:
    """Compare the names, shapes and values of all tensors, the parameters and the outputs, at one seed."""
    expected, base = in_unchanged_upstream(subject), subject.found_base
    if isinstance(expected, Finding):
        return expected
    assert base is not None
    try:
        found = describe(subject.upstream, reference_data(subject))
    except Exception as error:  # any exception of the patched upstream's code
        return failed(
            f"{base.file.name} builds in the unchanged upstream, but not in the workspace: "
            f"{type(error).__name__}: {error}",
            "a module's change to upstream's files breaks upstream's own models: apply the modules again",
        )
    found["tensors"] = _without_state(found["tensors"], find_box_loss(subject.upstream))
    return _compared(subject, base.file.name, found, expected, _published(subject, base))


def _without_state(tensors: dict[str, Any], loss: BoxLoss | None) -> dict[str, Any]:
    """Return a model's tensors without what a module's loss keeps in the head: no layer reads it."""
    kept = loss.state_names() if loss else frozenset()
    return {name: digest for name, digest in tensors.items() if name.rpartition(".")[2] not in kept}


def _compared(
    subject: Subject, name: str, found: dict[str, Any], expected: dict[str, Any], published: int | None
) -> Finding:
    evidence = _evidence(name, found, expected, published)
    differences = _differences(evidence)
    parameters = evidence["parameters"]
    if differences:
        return failed(
            f"{name} builds another model here than in the unchanged upstream: {'; '.join(differences)}",
            _edits_hint(subject),
            **evidence,
        )
    if published not in (None, parameters):
        return warned(
            f"{name} builds {parameters:,} parameters here, but its own comment says {published:,}: this release of "
            "upstream builds another network than the published one, or the comment belongs to another model",
            "find out which before you compare with published results, or verify in a release where both agree",
            **evidence,
        )
    return passed(
        f"{name} has the same {evidence['tensors']} tensors, {parameters:,} parameters and outputs here and in the "
        "unchanged upstream",
        **evidence,
    )


def _edits_hint(subject: Subject) -> str:
    edited = edited_definitions(subject)
    if not edited:
        return (
            "the workspace changes upstream's own models: undo your edits of upstream's files, and apply the modules "
            "again"
        )
    more = f" and {len(edited) - _SHOWN} more" if len(edited) > _SHOWN else ""
    return (
        f"every model of this checkout is made with what you changed in {', '.join(edited[:_SHOWN])}{more}: undo it, "
        "or put it into a class of your own with another name, so that upstream's models stay what they are"
    )


def _evidence(name: str, found: dict[str, Any], expected: dict[str, Any], published: int | None) -> dict[str, Any]:
    own, other = found["tensors"], expected["tensors"]
    return {
        "base": name,
        "parameters": found["parameters"],
        "pristine_parameters": expected["parameters"],
        "published_parameters": published,
        "tensors": len(other),
        "missing": sample(sorted(other.keys() - own.keys()), "names"),
        "extra": sample(sorted(own.keys() - other.keys()), "names"),
        "changed": sample(sorted(key for key in own.keys() & other.keys() if own[key] != other[key]), "names"),
        "output_distance": distance(found["outputs"], expected["outputs"]),
    }


def _differences(evidence: dict[str, Any]) -> list[str]:
    """Return how the two models differ, a clause each."""
    differences = []
    missing, extra, changed = (evidence[kind]["count"] for kind in ("missing", "extra", "changed"))
    if missing:
        differences.append(f"{missing} tensor{'s' * (missing != 1)} missing")
    if extra:
        differences.append(f"{extra} tensor{'s' * (extra != 1)} more")
    if changed:
        differences.append(f"{changed} tensor{'s' * (changed != 1)} with other values or shapes")
    if evidence["parameters"] != evidence["pristine_parameters"]:
        differences.append(f"{evidence['parameters']:,} parameters instead of {evidence['pristine_parameters']:,}")
    if evidence["output_distance"] > SAME_FUNCTION:
        differences.append(f"outputs {evidence['output_distance']:.1g} apart")
    return differences


def _published(subject: Subject, base: Base) -> int | None:
    """Return the number of parameters that the base's scales table states for this scale, None where it does not.

    Upstream copied some tables with their comments into files of other models (yolov8-obb, yolo26-p2): a figure is
    that of the file with the shortest name that states it.
    """
    if subject.base_data.get("nc") != read_yaml(base.file).get("nc") or "activation" in subject.data:
        return None  # the figures are for the file's own number of classes and activation, which may have parameters
    figure = _stated(base.file, subject.scale)
    shorter = (file for file in _siblings(base.file) if len(file.name) < len(base.file.name))
    return None if figure in (_stated(file, subject.scale) for file in shorter) else figure


def _stated(file: Path, scale: str) -> int | None:
    row = re.compile(rf"^\s+{scale}: *\[.*#.*?([\d,]+) parameters", re.MULTILINE)
    found = row.search(file.read_text(encoding="utf-8", errors="ignore"))
    return int(found.group(1).replace(",", "")) if found else None


def _siblings(file: Path) -> Iterator[Path]:
    """Yield upstream's other model files: those of its folder, and of the folders beside it."""
    for folder in (file.parent, *file.parent.parent.iterdir()):
        yield from folder.glob("*.yaml")
