"""No layer but the replaced ones differs from the base model's: in class, tensors, shapes, or what feeds it."""

import torch

from ...build.subject import shapes, structure
from ...measure.dropped_parts import dropped_parts
from ...protocol.findings import failed, passed, skipped, warned
from ...tensors.tensors import count_parameters, layer_outputs
from ..rules import Rules

_MOST = 20  # entries of a list in the evidence
# What a file may say beside its rows that changes every layer, or none that is compared here.
_BESIDE = ("activation", "anchors", "kpt_shape", "ch", "channels")


RULES = Rules(needs_run=False, asks_base=False)


def check(subject):
    """Compare every layer with the base's that it stands for."""
    if subject.found_base is None:
        return skipped(
            "no base was found to compare with", "name upstream's own file that this one was made from with --base"
        )
    base, why = _base(subject)
    if base is None:
        return skipped(f"the base does not build: {why} (see build)")
    evidence = _evidence(subject)
    differs = [*_sources(subject), *_layers(subject)]
    dropped = [f"layer {b} of the base ({subject.base_rows[b].module}) is missing" for b in subject.alignment.dropped]
    evidence.update(differs=_some([d["fault"] for d in differs]), missing=_some(dropped), details=differs[:_MOST])
    if differs or dropped:
        return failed(_summary(subject, differs, dropped), _hint(differs, dropped), **evidence)
    also = _also(evidence)
    if also:
        return warned(
            f"the layers that are not replaced are the base's, but {also}",
            "a comparison with the base then measures that too: say so, or make both alike",
            **evidence,
        )
    said = f"; {len(evidence['inserted'])} layers are inserted" if evidence["inserted"] else ""
    return passed(
        f"{evidence['compared']} layers are the base's in class, tensors, shapes and sources; "
        f"{len(subject.replaced) - len(evidence['inserted'])} are replaced{said}",
        **evidence,
    )


def _base(subject):
    try:
        return subject.base, ""
    except Exception as error:  # whatever upstream's code raises; the check `build` reports it
        return None, f"{type(error).__name__}: {error}"


def _evidence(subject):
    model, base = subject.model.model, subject.base.model
    replaced = [
        {
            "layer": own,
            "class": subject.rows[own].module,
            "base_class": subject.base_rows[other].module,
            "parameters": count_parameters(model[own]),
            "base_parameters": count_parameters(base[other]),
            "dropped": dropped_parts(model[own], base[other]),
        }
        for own, other in subject.replaced.items()
        if other is not None
    ]
    own, other = subject.data, subject.base_data
    return {
        "base": subject.found_base.file.name,
        "compared": len(subject.rows) - len(subject.replaced),
        "replaced": replaced[:_MOST],
        "inserted": [_named(subject, i) for i, b in subject.replaced.items() if b is None],
        "beside": [key for key in _BESIDE if own.get(key) != other.get(key)],
    }


def _also(evidence):
    """Say what else is not as in the base: what a replaced layer leaves out, and what the file sets beside its rows."""
    bare = [entry for entry in evidence["replaced"] if entry["dropped"]]
    kinds = " and no ".join(dict.fromkeys(kind for entry in bare for kind in entry["dropped"]))
    layers = ", ".join(str(entry["layer"]) for entry in bare)
    reasons = [f"the replaced layers {layers} have no {kinds}, which the base's have"] if bare else []
    if evidence["beside"]:
        reasons.append(f"the file sets {', '.join(evidence['beside'])} otherwise than the base")
    return ", and ".join(reasons)


def _named(subject, index):
    return f"layer {index} ({subject.rows[index].module})" if index >= 0 else "the image"


def _some(items):
    return {"count": len(items), "first": items[:_MOST]}


# What each layer is


def _layers(subject):
    """Yield how each layer that should be the base's differs from it."""
    outputs, base_outputs = _outputs(subject)
    for own, other in _untouched(subject):
        layer, base = subject.model.model[own], subject.base.model[other]
        found = _difference(layer, base) or _other_shapes(outputs.get(own), base_outputs.get(other))
        if found:
            yield {
                "layer": own,
                "base_layer": other,
                "class": type(layer).__name__,
                "parameters": count_parameters(layer),
                "base_parameters": count_parameters(base),
                "fault": f"{_whose(subject, own)} differs though its row is the base's: {found}",
            }


def _untouched(subject):
    return [(own, other) for own, other in enumerate(subject.alignment.base_of) if own not in subject.replaced]


def _whose(subject, own):
    head = own == len(subject.rows) - 1
    return f"the head, {_named(subject, own)}," if head else _named(subject, own)


def _difference(layer, base):
    """Say how two layers differ in what they are made of; nothing where they do not."""
    if type(layer) is not type(base):
        return f"it is a {type(layer).__name__}, the base's a {type(base).__name__}"
    (classes, tensors), (base_classes, base_tensors) = structure(layer), structure(base)
    counts = count_parameters(layer), count_parameters(base)
    if counts[0] != counts[1]:
        return f"{counts[0]:,} parameters, the base's has {counts[1]:,}{_first_of(tensors, base_tensors)}"
    if classes != base_classes:
        return f"it is made of other modules{_first_of(classes, base_classes)}"
    return f"its tensors are others{_first_of(tensors, base_tensors)}" if tensors != base_tensors else ""


def _first_of(own, base):
    """Return the first (name, value) that only one of two lists has, in words."""
    one = next((entry for entry in own if entry not in base), None) or next((e for e in base if e not in own), None)
    if one is None:
        return ""
    name, values = one[0], [dict(entries).get(one[0], "none") for entries in (own, base)]
    return f"; first at {name or 'itself'}: {values[0]}, the base's {values[1]}"


def _outputs(subject):
    """Return the shapes of every layer's outputs in both models; of none where a model does not run."""
    if not subject.runs:
        return {}, {}
    with torch.no_grad():
        x = subject.images()
        return tuple(
            {i: shapes(output) for i, output in layer_outputs(m, x)[0].items()} for m in (subject.model, subject.base)
        )


def _other_shapes(own, base):
    return f"its output is {own}, the base's {base}" if own != base else ""


# What feeds each layer


def _sources(subject):
    """Yield the layers, replaced ones too, that are fed by another layer than their base's."""
    rows, base_rows = subject.rows, subject.base_rows
    for own, other in enumerate(subject.alignment.base_of):
        if other is None:
            continue
        found = [_stands_for(subject, s) for s in rows[own].sources]
        wanted = list(base_rows[other].sources)
        if found != wanted:
            place = next((p for p, (a, b) in enumerate(zip(found, wanted)) if a != b), 0)
            yield {
                "layer": own,
                "base_layer": other,
                "from": list(rows[own].sources),
                "base_from": wanted,
                "fault": _fed_wrong(subject, own, place, wanted),
            }


def _fed_wrong(subject, own, place, wanted):
    sources = subject.rows[own].sources
    if len(sources) != len(wanted):
        return f"{_named(subject, own)} takes {len(sources)} inputs, the base's {len(wanted)}"
    expected = subject.alignment.own_of.get(wanted[place], wanted[place])
    return f"{_named(subject, own)} takes its input from {_named(subject, sources[place])}, and as in the base it " + (
        f"would from {_named(subject, expected)}"
    )


def _stands_for(subject, source):
    """Return the base's layer that a source stands for: its own, or what an inserted layer passes on."""
    rows, base_of = subject.rows, subject.alignment.base_of
    while source >= 0 and base_of[source] is None:
        source = rows[source].sources[0]
    return source if source < 0 else base_of[source]


# What is said of it


def _summary(subject, differs, dropped):
    first = differs[0]["fault"] if differs else dropped[0]
    more = len(differs) + len(dropped) - 1
    return f"{first}; {more} more such layers" if more else first


def _hint(differs, dropped):
    if any("from" in entry for entry in differs):
        return "a layer before it was inserted or removed: mend the from indices after it, which count from 0"
    if differs:
        return (
            "something outside its row changed it: the branch for a replaced class in parse_model must do all that "
            "upstream's own branch does (for one, set legacy = False), or what feeds it has other shapes"
        )
    return "put the layer back, or name the file that it was really made from with --base"
