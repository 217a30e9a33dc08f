"""Does any layer but the replaced ones differ from the base model's: in class, tensors, shapes, or its sources?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from ...base.rows import Row
from ...build.subject import Subject, shapes, structure
from ...build.wiring import OtherSource, forgotten_numbers, has_other_topology, other_sources
from ...measure.activations import applied_parts
from ...measure.dropped_parts import ACTIVATION, NORM, dropped_parts
from ...protocol.findings import Finding, failed, passed, skipped, warned
from ...tensors.models import Layer, UpstreamModel
from ...tensors.tensors import count_parameters, image, layer_outputs
from ..evidence import SHOWN, sample
from ..rules import Rules
from ..wording import NO_BASE, NO_BASE_HINT

RULES = Rules(needs_run=False, asks_base=False)


def check(subject: Subject) -> Finding:
    """Compare every layer with the base's layer in the same position."""
    if subject.found_base is None:
        return skipped(f"{NO_BASE} to compare with", NO_BASE_HINT)
    problem = _base_problem(subject)
    if problem:
        return skipped(f"the base does not build: {problem} (see build)")
    comparison = _compare(subject)
    evidence = {**_evidence(subject), **comparison.evidence()}
    if comparison.faults or comparison.missing:
        return failed(_summary(comparison), _hint(subject, comparison), **evidence)
    also = _other_differences(evidence)
    if also:
        return warned(
            f"the layers that are not replaced are the base's, but {also}",
            "a comparison with the base measures that, too: report it, make both models alike, or use --base to name "
            "the upstream YAML that this file was really made from",
            **evidence,
        )
    return passed(_agreement(subject, comparison, len(evidence["inserted"])), **evidence)


def _agreement(subject: Subject, comparison: _Comparison, inserted: int) -> str:
    same = len(subject.rows) - len(subject.replaced) - len(comparison.consequences) - len(comparison.not_comparable)
    parts = [
        f"{same} layers are the base's in class, tensors, shapes and sources",
        f"{len(subject.replaced) - inserted} are replaced",
    ]
    if inserted:
        parts.append(f"{inserted} are inserted")
    if comparison.consequences:
        parts.append(f"{len(comparison.consequences)} differ by what they read: {comparison.consequences[0]}")
    if comparison.not_comparable:
        reason = _topology(subject) or "their rows were written to read other layers"
        parts.append(f"{len(comparison.not_comparable)} are not comparable, as {reason}")
    return "; ".join(parts)


def _topology(subject: Subject) -> str:
    """Say how the head's maps differ from those of the base's head; empty where they do not."""
    if not has_other_topology(subject):
        return ""
    own, base = (_strides(model) for model in (subject.model, subject.required_base_model))
    return f"the head reads maps of stride {own} and the base's {base}"


def _strides(model: UpstreamModel) -> str:
    return ", ".join(str(int(stride)) for stride in model.stride)


@dataclass
class _Comparison:
    """What was found of the layers that are not replaced.

    Attributes:
        faults: the layers that differ though they should not; `from` is a key of those that read another layer.
        missing: the layers of the base that the file lacks, in words.
        consequences: the layers that differ only in shapes because what they read has other shapes, in words.
        not_comparable: the layers that another topology gives other inputs, in words.
    """

    faults: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    consequences: list[str] = field(default_factory=list)
    not_comparable: list[str] = field(default_factory=list)

    def evidence(self) -> dict[str, Any]:
        return {
            "differs": sample([entry["fault"] for entry in self.faults]),
            "missing": sample(self.missing),
            "details": self.faults[:SHOWN],
            "consequences": sample(self.consequences),
            "not_comparable": sample(self.not_comparable),
        }


def _compare(subject: Subject) -> _Comparison:
    found = _Comparison()
    others = list(other_sources(subject))
    _compare_sources(subject, others, found)
    _compare_layers(subject, {other.layer for other in others if other.is_meant}, found)
    gone = [f"layer {b} of the base ({subject.base_rows[b].module}) is missing" for b in subject.alignment.dropped]
    (found.not_comparable if has_other_topology(subject) else found.missing).extend(gone)
    return found


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
            "dropped": dropped.get(own, []),
        }
        for own, other in subject.replaced.items()
        if other is not None
    ]
    return {
        "base": subject.required_base.file.name,
        "compared": len(subject.rows) - len(subject.replaced),
        "replaced": replaced[:SHOWN],
        "inserted": [_row_name(subject, i) for i, b in subject.replaced.items() if b is None],
        "beside": list(subject.settings.keys),
    }


def _dropped(subject: Subject) -> dict[int, list[str]]:
    """Return the parts that each replaced layer lacks.

    An activation that its forward calls as a function is one, and another norm of torch's stands for BatchNorm.
    """
    model, base = subject.model.model, subject.required_base_model.model
    picks = subject.alignment.picks
    pairs = ((own, other) for own, other in subject.replaced.items() if other is not None and own not in picks)
    found = {own: dropped_parts(model[own], base[other]) for own, other in pairs}
    if not subject.runs or not any(found.values()):
        return found
    applied = applied_parts(subject.model, subject.images())
    has = {ACTIVATION: applied.activated, NORM: applied.normalised}
    return {own: [part for part in parts if own not in has[part]] for own, parts in found.items()}


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


def _compare_layers(subject: Subject, rewired: Collection[int], found: _Comparison) -> None:
    """Find how each layer that should be the base's differs from it; `rewired` are those that read other layers."""
    outputs, base_outputs = _outputs(subject)
    for own, other in _untouched(subject):
        layer, base = subject.model.model[own], subject.settings.base.model[other]
        fault = _difference(layer, base) or _shape_difference(outputs.get(own), base_outputs.get(other))
        if not fault:
            continue
        name = _untouched_name(subject, own)
        if own == len(subject.rows) - 1 and has_other_topology(subject):
            found.not_comparable.append(f"{name} reads maps of stride {_strides(subject.model)}")
        elif own in rewired and _same_but_for_shapes(layer, base):
            continue  # what it reads is already told
        elif _same_but_for_shapes(layer, base) and (reads := _other_inputs(subject, own, other, outputs, base_outputs)):
            found.consequences.append(f"{name} {reads}")
        else:
            found.faults.append(
                {
                    "layer": own,
                    "base_layer": other,
                    "class": type(layer).__name__,
                    "parameters": count_parameters(layer),
                    "base_parameters": count_parameters(base),
                    "fault": f"{name} differs though its row is the base's: {fault}",
                }
            )


def _same_but_for_shapes(layer: Layer, base: Layer) -> bool:
    """Return whether two layers have the same modules, and tensors of the same names and numbers of axes."""
    (classes, tensors), (base_classes, base_tensors) = structure(layer), structure(base)
    axes, base_axes = ([(name, len(shape)) for name, shape in found] for found in (tensors, base_tensors))
    return type(layer) is type(base) and (classes, axes) == (base_classes, base_axes)


def _other_inputs(subject: Subject, own: int, other: int, outputs: _Shapes, base_outputs: _Shapes) -> str:
    """Say which input of a layer has another shape than the base's, and why; empty where none has."""
    sources, base_sources = subject.rows[own].sources, subject.base_rows[other].sources
    for source, base_source in zip(sources, base_sources):
        given, expected = outputs.get(source), base_outputs.get(base_source)
        if given != expected and given and expected:
            return (
                f"reads {_channels(given)} channels from {_row_name(subject, source)}, the base's {_channels(expected)}"
                if given[0][1:2] != expected[0][1:2]
                else f"reads maps of {given[0][2:]} from {_row_name(subject, source)}, the base's {expected[0][2:]}"
            )
    return ""


def _channels(shapes_of_output: list[list[int]]) -> int:
    return shapes_of_output[0][1]


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
    """Return the shapes of the image (-1) and of every layer's outputs in both models; of none where one is not run."""
    if not subject.runs:
        return {}, {}
    with torch.no_grad():
        base_model = subject.settings.base
        x, base_x = subject.images(), image(base_model, subject.side)
        own, base = layer_outputs(subject.model, x)[0], layer_outputs(base_model, base_x)[0]
    return _shapes_of({-1: x, **own}), _shapes_of({-1: base_x, **base})


def _shapes_of(outputs: Mapping[int, object]) -> _Shapes:
    return {index: shapes(output) for index, output in outputs.items()}


def _shape_difference(own: list[list[int]] | None, base: list[list[int]] | None) -> str:
    return f"its output is {own}, the base's {base}" if own != base else ""


# What feeds each layer


def _compare_sources(subject: Subject, others: Iterable[OtherSource], found: _Comparison) -> None:
    """Find the layers, replaced ones too, that read another layer than the base's do."""
    for difference in others:
        own, expected = difference.layer, subject.base_rows[difference.base_layer].sources
        fault = _source_difference(subject, own, difference.position, expected)
        if difference.is_meant:
            found.not_comparable.append(fault)
        else:
            found.faults.append(
                {
                    "layer": own,
                    "base_layer": difference.base_layer,
                    "from": list(subject.rows[own].sources),
                    "base_from": list(expected),
                    "fault": fault,
                }
            )


def _source_difference(subject: Subject, own: int, position: int, expected: Sequence[int]) -> str:
    sources = subject.rows[own].sources
    if len(sources) != len(expected):
        return f"{_row_name(subject, own)} has {len(sources)} inputs, the base's {len(expected)}"
    wanted = subject.alignment.own_of.get(expected[position], expected[position])
    return (
        f"{_row_name(subject, own)} reads {_row_name(subject, sources[position])}, but as in the base it should read "
        f"{_row_name(subject, wanted)}"
    )


# What the finding says


def _written(row: Row) -> str:
    """Return the first entry of a row as the file has it."""
    return str(row.written[0] if len(row.written) == 1 else list(row.written))


def _summary(comparison: _Comparison) -> str:
    faults = [*(entry["fault"] for entry in comparison.faults), *comparison.missing]
    return f"{faults[0]}; {len(faults) - 1} more such layers" if len(faults) > 1 else str(faults[0])


def _hint(subject: Subject, comparison: _Comparison) -> str:
    wired = next((entry for entry in comparison.faults if "from" in entry), None)
    if wired is not None and list(subject.alignment.base_of) == list(range(len(subject.base_rows))):
        row, base_row = subject.rows[wired["layer"]], subject.base_rows[wired["base_layer"]]
        return (
            f"the rows are the base's one for one: let layer {row.index} read {_written(base_row)} as the base's row "
            f"does, and not {_written(row)}; if the other wiring is meant, say so in your text"
        )
    if wired is not None:
        return forgotten_numbers(subject) or (
            "a layer was inserted or removed before it: fix the from indices after that layer, which count from 0"
        )
    if comparison.faults:
        return (
            "something outside its row changed it: the branch for a replaced class in parse_model must do all that "
            "upstream's own branch does (for one, set legacy = False)"
        )
    return "put the layer back, or use --base to name the upstream YAML that this file was really made from"
