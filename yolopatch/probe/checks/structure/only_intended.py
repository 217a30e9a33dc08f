"""Does any layer but the replaced ones differ from the base model's: in class, tensors, shapes, or its sources?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from ...build.subject import Subject, shapes, structure
from ...measure.activations import activated_layers
from ...measure.dropped_parts import ACTIVATION, dropped_parts
from ...protocol.findings import Finding, failed, passed, skipped, warned
from ...tensors.models import Layer
from ...tensors.tensors import count_parameters, layer_outputs
from ..evidence import SHOWN, sample
from ..rules import Rules
from ..wording import NO_BASE, NO_BASE_HINT

# keys next to the rows that change every layer, or layers that are not compared here
_BESIDE = ("activation", "anchors", "kpt_shape", "ch", "channels")

RULES = Rules(needs_run=False, asks_base=False)


def check(subject: Subject) -> Finding:
    """Compare every layer with the base's layer in the same position."""
    if subject.found_base is None:
        return skipped(f"{NO_BASE} to compare with", NO_BASE_HINT)
    problem = _base_problem(subject)
    if problem:
        return skipped(f"the base does not build: {problem} (see build)")
    evidence = _evidence(subject)
    differences = [*_sources(subject), *_layers(subject)]
    dropped = [f"layer {b} of the base ({subject.base_rows[b].module}) is missing" for b in subject.alignment.dropped]
    evidence.update(
        differs=sample([d["fault"] for d in differences]), missing=sample(dropped), details=differences[:SHOWN]
    )
    if differences or dropped:
        return failed(_summary(differences, dropped), _hint(differences, dropped), **evidence)
    also = _other_differences(evidence)
    if also:
        return warned(
            f"the layers that are not replaced are the base's, but {also}",
            "a comparison with the base measures that, too: report it, or make both models alike",
            **evidence,
        )
    inserted = len(evidence["inserted"])
    return passed(
        f"{evidence['compared']} layers are the base's in class, tensors, shapes and sources; "
        f"{len(subject.replaced) - inserted} are replaced" + (f"; {inserted} are inserted" if inserted else ""),
        **evidence,
    )


def _base_problem(subject: Subject) -> str:
    """Return why the base does not build; empty where it does."""
    try:
        _ = subject.base
    except Exception as error:  # any exception of upstream's code; the check `build` reports it
        return f"{type(error).__name__}: {error}"
    return ""


def _evidence(subject: Subject) -> dict[str, Any]:
    model, base = subject.model.model, subject.required_base_model.model
    dropped = _dropped(subject)
    replaced = [
        {
            "layer": own,
            "class": subject.rows[own].module,
            "base_class": subject.base_rows[other].module,
            "parameters": count_parameters(model[own]),
            "base_parameters": count_parameters(base[other]),
            "dropped": dropped[own],
        }
        for own, other in subject.replaced.items()
        if other is not None
    ]
    data, base_data = subject.data, subject.base_data
    return {
        "base": subject.required_base.file.name,
        "compared": len(subject.rows) - len(subject.replaced),
        "replaced": replaced[:SHOWN],
        "inserted": [_row_name(subject, i) for i, b in subject.replaced.items() if b is None],
        "beside": [key for key in _BESIDE if data.get(key) != base_data.get(key)],
    }


def _dropped(subject: Subject) -> dict[int, list[str]]:
    """Return the parts that each replaced layer lacks; an activation that its forward calls as a function is one."""
    model, base = subject.model.model, subject.required_base_model.model
    pairs = ((own, other) for own, other in subject.replaced.items() if other is not None)
    found = {own: dropped_parts(model[own], base[other]) for own, other in pairs}
    if subject.runs and any(ACTIVATION in parts for parts in found.values()):
        activated = activated_layers(subject.model, subject.images())
        found = {own: [p for p in parts if p != ACTIVATION or own not in activated] for own, parts in found.items()}
    return found


def _other_differences(evidence: Mapping[str, Any]) -> str:
    """Say what else differs from the base: parts that replaced layers lack, and keys of the file next to its rows."""
    bare = [entry for entry in evidence["replaced"] if entry["dropped"]]
    kinds = " and no ".join(dict.fromkeys(kind for entry in bare for kind in entry["dropped"]))
    layers = ", ".join(str(entry["layer"]) for entry in bare)
    reasons = [f"the replaced layers {layers} have no {kinds}, which the base's have"] if bare else []
    if evidence["beside"]:
        reasons.append(f"the file has other values than the base for {', '.join(evidence['beside'])}")
    return ", and ".join(reasons)


def _row_name(subject: Subject, index: int) -> str:
    return f"layer {index} ({subject.rows[index].module})" if index >= 0 else "the image"


# What each layer is made of


def _layers(subject: Subject) -> Iterator[dict[str, Any]]:
    """Yield how each layer that should be the base's differs from it."""
    outputs, base_outputs = _outputs(subject)
    for own, other in _untouched(subject):
        layer, base = subject.model.model[own], subject.required_base_model.model[other]
        found = _difference(layer, base) or _shape_difference(outputs.get(own), base_outputs.get(other))
        if found:
            yield {
                "layer": own,
                "base_layer": other,
                "class": type(layer).__name__,
                "parameters": count_parameters(layer),
                "base_parameters": count_parameters(base),
                "fault": f"{_untouched_name(subject, own)} differs though its row is the base's: {found}",
            }


def _untouched(subject: Subject) -> list[tuple[int, int]]:
    """Return (index, the base's index) of each layer that is not replaced."""
    pairs = enumerate(subject.alignment.base_of)
    return [(own, other) for own, other in pairs if own not in subject.replaced and other is not None]


def _untouched_name(subject: Subject, own: int) -> str:
    head = own == len(subject.rows) - 1
    return f"the head, {_row_name(subject, own)}," if head else _row_name(subject, own)


def _difference(layer: Layer, base: Layer) -> str:
    """Say how two layers differ in their classes and tensors; empty where they do not."""
    if type(layer) is not type(base):
        return f"it is a {type(layer).__name__}, the base's a {type(base).__name__}"
    (classes, tensors), (base_classes, base_tensors) = structure(layer), structure(base)
    counts = count_parameters(layer), count_parameters(base)
    if counts[0] != counts[1]:
        return f"{counts[0]:,} parameters, the base's has {counts[1]:,}{_first_difference(tensors, base_tensors)}"
    if classes != base_classes:
        return f"it is made of other modules{_first_difference(classes, base_classes)}"
    return f"its tensors differ{_first_difference(tensors, base_tensors)}" if tensors != base_tensors else ""


def _first_difference(own: Sequence[tuple[str, object]], base: Sequence[tuple[str, object]]) -> str:
    """Return the first (name, value) that only one of two lists has, in words."""
    one = next((entry for entry in own if entry not in base), None) or next((e for e in base if e not in own), None)
    if one is None:
        return ""
    name, values = one[0], [dict(entries).get(one[0], "none") for entries in (own, base)]
    return f"; first at {name or 'itself'}: {values[0]}, the base's {values[1]}"


_Shapes = dict[int, list[list[int]]]


def _outputs(subject: Subject) -> tuple[_Shapes, _Shapes]:
    """Return the shapes of every layer's outputs in both models; of none where a model does not run."""
    if not subject.runs:
        return {}, {}
    with torch.no_grad():
        x = subject.images()
        own, base = (layer_outputs(m, x)[0] for m in (subject.model, subject.required_base_model))
    return {i: shapes(output) for i, output in own.items()}, {i: shapes(output) for i, output in base.items()}


def _shape_difference(own: list[list[int]] | None, base: list[list[int]] | None) -> str:
    return f"its output is {own}, the base's {base}" if own != base else ""


# What feeds each layer


def _sources(subject: Subject) -> Iterator[dict[str, Any]]:
    """Yield the layers, replaced ones too, that read another layer than the base's do."""
    rows, base_rows = subject.rows, subject.base_rows
    for own, other in enumerate(subject.alignment.base_of):
        if other is None:
            continue
        found = [_base_source(subject, s) for s in rows[own].sources]
        expected = list(base_rows[other].sources)
        if found != expected:
            position = next((p for p, (a, b) in enumerate(zip(found, expected)) if a != b), 0)
            yield {
                "layer": own,
                "base_layer": other,
                "from": list(rows[own].sources),
                "base_from": expected,
                "fault": _source_difference(subject, own, position, expected),
            }


def _source_difference(subject: Subject, own: int, position: int, expected: Sequence[int]) -> str:
    sources = subject.rows[own].sources
    if len(sources) != len(expected):
        return f"{_row_name(subject, own)} has {len(sources)} inputs, the base's {len(expected)}"
    wanted = subject.alignment.own_of.get(expected[position], expected[position])
    return (
        f"{_row_name(subject, own)} reads {_row_name(subject, sources[position])}, but as in the base it should read "
        f"{_row_name(subject, wanted)}"
    )


def _base_source(subject: Subject, source: int) -> int:
    """Return the base's layer that a source corresponds to; an inserted layer counts as the layer that it reads."""
    rows, base_of = subject.rows, subject.alignment.base_of
    while source >= 0:
        base = base_of[source]
        if base is not None:
            return base
        source = rows[source].sources[0]
    return source


# What the finding says


def _summary(differences: Sequence[Mapping[str, Any]], dropped: Sequence[str]) -> str:
    first = differences[0]["fault"] if differences else dropped[0]
    more = len(differences) + len(dropped) - 1
    return f"{first}; {more} more such layers" if more else str(first)


def _hint(differences: Sequence[Mapping[str, Any]], dropped: Sequence[str]) -> str:
    if any("from" in entry for entry in differences):
        return "a layer was inserted or removed before it: fix the from indices after that layer, which count from 0"
    if differences:
        return (
            "something outside its row changed it: the branch for a replaced class in parse_model must do all that "
            "upstream's own branch does (for one, set legacy = False), or its input has another shape"
        )
    return "put the layer back, or use --base to name the upstream YAML that this file was really made from"
