"""The model builds at this scale, and each replaced layer reads its row as the layer that it replaces did."""

from pathlib import Path

from ...build.arguments import misread
from ...build.failures import explain
from ...measure.facts import row
from ...protocol.findings import passed, warned
from ...tensors.tensors import count_parameters
from ..rules import Rules

_MOST = 20  # entries of a list in the evidence


RULES = Rules(needs_model=False, needs_run=False, asks_base=False)


def check(subject):
    """Build the model and its base, keep what the report shows of them, and compare how they read their rows."""
    try:
        model = subject.model
    except Exception as error:  # whatever the model's code raises
        return explain(subject, error)
    base, trouble = _built_base(subject)
    replaced = {} if base is None else subject.replaced
    subject.facts.update(
        model=_facts(model, replaced),
        base=_facts(base, ()) if base is not None else None,
        base_cfg=_base_name(subject),
        task=subject.upstream.task(subject.data),
    )
    return _finding(subject, base, trouble, replaced)


def _built_base(subject):
    """Return the base model, None where there is none, and why it could not be built."""
    try:
        return subject.base, ""
    except Exception as error:  # whatever upstream's code raises
        return None, explain(subject.as_base(), error).summary


def _facts(model, replaced):
    return {
        "parameters": count_parameters(model),
        "gradients": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "table": [{**row(layer).data(), "replaced": layer.i in replaced} for layer in model.model],
    }


def _base_name(subject):
    """Return the base's file as upstream's folders name it, None without a base."""
    if subject.found_base is None:
        return None
    file = subject.found_base.file
    for root in filter(None, (subject.request.pristine, subject.request.workspace)):
        if file.is_relative_to(Path(root)):
            return file.relative_to(root).as_posix()
    return str(file)


def _finding(subject, base, trouble, replaced):
    own, others = subject.facts["model"], _misread(subject, replaced)
    evidence = {
        "parameters": own["parameters"],
        "base_parameters": subject.facts["base"] and subject.facts["base"]["parameters"],
        "base": subject.facts["base_cfg"],
        "layers": len(own["table"]),
        "replaced": len(replaced),
        "arguments": {index: _call(subject, index) for index in list(replaced)[:_MOST]},
    }
    built = f"{len(own['table'])} layers, {own['parameters']:,} parameters"
    if trouble:
        return warned(
            f"it builds ({built}), but its base {evidence['base']} does not: {trouble}",
            "nothing can be compared with the base: apply the modules again, or name another file with --base",
            **evidence,
        )
    if others:
        first = others[0]
        return warned(
            f"it builds ({built}), but layer {first['layer']} ({first['class']}) reads {first['value']!r} as its "
            f"{first['reads_as']}, which {first['base_class']} reads as its {first['base_reads_as']}"
            + (f"; {len(others) - 1} more such" if len(others) > 1 else ""),
            f"if that is not meant, write the row's arguments in the order of {first['class']}'s constructor",
            misread=others[:_MOST],
            **evidence,
        )
    beside = f"; the base has {evidence['base_parameters']:,}" if base is not None else "; no base was found"
    return passed(f"{built}{beside}", **evidence)


def _call(subject, index):
    """Return how parse_model constructed a layer: its class and the arguments that it passed."""
    name, _ = subject.arguments.of_layer(index) or (None, None)
    return {"class": name, "passed": subject.arguments.given.get(index, {})}


def _misread(subject, replaced):
    """List the arguments of replaced layers that stand where the base's row has the same, and mean another thing."""
    found = []
    for index, base in replaced.items():
        if base is not None and subject.rows[index].args == subject.base_rows[base].args:
            found += _misread_by(subject, index, base)
    return found


def _misread_by(subject, index, base):
    named = {
        "layer": index,
        "class": subject.rows[index].module,
        "base_class": subject.base_rows[base].module,
    }
    places = misread(subject.arguments.given.get(index, {}), subject.base_arguments.given.get(base, {}))
    return [{**named, **place} for place in places]
