"""Does the model build at this scale, and does each replaced layer read its row as the base's layer did?"""

from __future__ import annotations

import ast
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from ...build.arguments import misread
from ...build.entry_points import needed_entry_point
from ...build.failing.words import describe_empty
from ...build.failures import explain
from ...build.keys import repeated_key, unread_channels, unread_setting, wrong_key
from ...build.subject import Subject
from ...explain.cause import Cause
from ...explain.zero_sizes import empty_parts
from ...measure.facts import row
from ...protocol.findings import Finding, failed, passed, warned
from ...tensors.models import UpstreamModel
from ...tensors.tensors import count_parameters
from ..evidence import SHOWN
from ..rules import Rules
from ..wording import NO_BASE

RULES = Rules(needs_model=False, needs_run=False, asks_base=False)


def check(subject: Subject) -> Finding:
    """Build the model and its base, keep their figures for the report, and compare how they read their rows."""
    try:
        model = subject.model
    except Exception as error:  # any exception of the model's code
        return explain(subject, error)
    empty = _empty_layer(subject)
    if empty:
        wrong = wrong_key(subject) or empty  # a head of no classes has no channels, either
        return failed(wrong.what, wrong.remedy)
    base, problem = _built_base(subject)
    replaced = {} if base is None else subject.replaced
    subject.facts.update(
        model=_facts(model, replaced),
        base=_facts(base, ()) if base is not None else None,
        base_cfg=_base_name(subject),
        task=subject.upstream.task(subject.data),
    )
    return _finding(subject, problem, replaced)


def _empty_layer(subject: Subject) -> Cause | None:
    """Return what is wrong with the first layer that has a part without channels: it builds and runs, and is dead."""
    for layer in subject.model.model:
        empty = empty_parts(layer)
        if empty:
            given = (subject.arguments.of_layer(layer.i) or ("", {}))[1]
            return describe_empty(layer, subject.rows[layer.i], empty, given, subject.scale)
    return None


def _built_base(subject: Subject) -> tuple[UpstreamModel | None, str]:
    """Return the base model, None where it has none, and why it could not be built."""
    try:
        return subject.base, ""
    except Exception as error:  # any exception of upstream's code
        return None, explain(subject.as_base(), error).summary


def _facts(model: UpstreamModel, replaced: Container[int]) -> dict[str, Any]:
    return {
        "parameters": count_parameters(model),
        "gradients": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "table": [{**row(layer).data(), "replaced": layer.i in replaced} for layer in model.model],
    }


def _base_name(subject: Subject) -> str | None:
    """Return the base's file as upstream's folders name it, None without a base."""
    if subject.found_base is None:
        return None
    file = subject.found_base.file
    request = subject.request
    for root in filter(None, (request.pristine, request.unedited, request.workspace)):
        if file.is_relative_to(Path(root)):
            return file.relative_to(root).as_posix()
    return str(file)


def _finding(subject: Subject, problem: str, replaced: Mapping[int, int | None]) -> Finding:
    own, base, misreads = subject.facts["model"], subject.facts["base"], _misread(subject, replaced)
    evidence = {
        "parameters": own["parameters"],
        "base_parameters": base and base["parameters"],
        "base": subject.facts["base_cfg"],
        "layers": len(own["table"]),
        "replaced": len(replaced),
        "arguments": {index: _call(subject, index) for index in list(replaced)[:SHOWN]},
    }
    built = f"{len(own['table'])} layers, {own['parameters']:,} parameters"
    if problem:
        return warned(
            f"it builds ({built}), but its base {evidence['base']} does not: {problem}",
            "nothing can be compared with the base: apply the modules again, or name another file with --base",
            **evidence,
        )
    classes = _other_classes(subject)
    if classes:
        return failed(
            f"{classes}, and nc is {subject.classes}", "write nc in its row in place of the number", **evidence
        )
    twice = repeated_key(subject)
    if twice:
        return warned(f"it builds ({built}), but {twice.what}", twice.remedy, **evidence)
    unread = unread_channels(subject)
    if unread:
        return warned(f"it builds ({built}), but {unread.what}", unread.remedy, **evidence)
    setting = unread_setting(subject)
    if setting:
        return warned(f"it builds ({built}), but {setting.what}", setting.remedy, **evidence)
    fixed = _fixed_classes(subject)
    if fixed:
        return warned(
            f"it builds ({built}), but {fixed}",
            "write nc in its row, and hand it to the class, in place of the number",
            **evidence,
        )
    named = _named_locals(subject)
    if named:
        return warned(
            f"it builds ({built}), but {named[0]}",
            "write another word there, one that is no variable of parse_model, or a number",
            named_locals=named[:SHOWN],
            **evidence,
        )
    if misreads:
        first = misreads[0]
        return warned(
            f"it builds ({built}), but layer {first['layer']} ({first['class']}) reads {first['value']!r} as its "
            f"{first['reads_as']}, which {first['base_class']} reads as its {first['base_reads_as']}"
            + (f"; {len(misreads) - 1} more like this" if len(misreads) > 1 else ""),
            f"if that is not meant, write the row's arguments in the order of {first['class']}'s constructor",
            misread=misreads[:SHOWN],
            **evidence,
        )
    entry = needed_entry_point(subject)
    return passed(
        f"{built}; "
        + (f"the base has {base['parameters']:,}" if base else NO_BASE)
        + (f"; load it with {entry}({subject.cfg.name!r}): this release's YOLO() does not build it" if entry else ""),
        **evidence,
    )


def _other_classes(subject: Subject) -> str:
    """Return one clause where the head was built for another number of classes than the file's; "" where not."""
    head, last = subject.model.model[-1], len(subject.rows) - 1
    built = getattr(head, "nc", None)
    if not isinstance(built, int) or "nc" not in subject.data or built == subject.classes:
        return ""
    return f"the row of layer {last} ({subject.rows[last].module}) says {built}"


def _fixed_classes(subject: Subject) -> str:
    """Return one clause where the head has as many classes as the file only by chance; "" where it follows nc.

    A training replaces the file's nc by that of the data.
    """
    row, built = subject.rows[-1], getattr(subject.model.model[-1], "nc", None)
    is_upstreams = subject.found_base is not None and row.index not in subject.replaced
    if (is_upstreams and "nc" in row.args) or not isinstance(built, int) or "nc" not in subject.data:
        return ""
    try:
        other = subject.build({**subject.data, "nc": built + 1})
    except Exception:  # any exception of the model's code, for a number of classes that nobody asked for
        return ""
    if getattr(other.model[-1], "nc", None) != built:
        return ""
    return (
        f"its head, layer {row.index} ({row.module}), has {built} classes whatever nc is: trained on data with another "
        "number of classes, it keeps these"
    )


def _named_locals(subject: Subject) -> list[str]:
    """Return a clause for each string of a row that parse_model took for one of its own variables.

    The keys of the file are variables there, too, and are meant: `nc`, `anchors`.
    """
    rows = [*subject.data["backbone"], *subject.data["head"]]
    found = []
    for index, evaluated in subject.arguments.evaluated.items():
        for written, arrived in zip(rows[index][3], evaluated):
            if isinstance(written, str) and not isinstance(arrived, str) and _is_variable(written, subject.data):
                found.append(
                    f"layer {index} ({subject.rows[index].module}) was given a {type(arrived).__name__} for "
                    f"{written!r}: the word is a variable of upstream's parse_model, which puts its value in its place"
                )
    return found


def _is_variable(written: str, data: Mapping[str, Any]) -> bool:
    try:
        ast.literal_eval(written)
    except (ValueError, SyntaxError):
        return written not in data
    return False


def _call(subject: Subject, index: int) -> dict[str, Any]:
    """Return how parse_model constructed a layer: the class, and the arguments that it passed."""
    name, _ = subject.arguments.of_layer(index) or (None, None)
    return {"class": name, "passed": subject.arguments.given.get(index, {})}


def _misread(subject: Subject, replaced: Mapping[int, int | None]) -> list[dict[str, Any]]:
    """Return the arguments of replaced layers that the base's row has too, but with another meaning."""
    found = []
    for index, base in replaced.items():
        if base is not None and subject.rows[index].args == subject.base_rows[base].args:
            found += _misread_by(subject, index, base)
    return found


def _misread_by(subject: Subject, index: int, base: int) -> list[dict[str, Any]]:
    named = {
        "layer": index,
        "class": subject.rows[index].module,
        "base_class": subject.base_rows[base].module,
    }
    found = misread(subject.arguments.given.get(index, {}), subject.base_arguments.given.get(base, {}))
    return [{**named, **argument} for argument in found]
