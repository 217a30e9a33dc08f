"""Do depth, width and max_channels have the values of the asked scale, in the replaced layers too?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn as nn

from ...base.bases import read_yaml
from ...build.arguments import Recorder, value_of
from ...build.scales import Entry, entry_of, is_begun_word, letter_of, part_of_name, scaled_channels
from ...build.subject import Subject
from ...protocol.findings import Finding, failed, passed, skipped, warned
from ...tensors.tensors import layer_outputs
from ..evidence import SHOWN
from ..rules import Rules
from ..wording import NO_BASE, NO_BASE_HINT

_LISTS = (nn.ModuleList, nn.Sequential)
_SET_BY_SCALE = ("scale", "scales", "yaml_file", "depth_multiple", "width_multiple", "ch")

RULES = Rules(needs_run=False, asks_base=False)


def check(subject: Subject) -> Finding:
    """Compare the file's own scale, the built layers, and the scale that upstream reads from the file's name."""
    name = _read_by_name(subject)
    unscaled = _equal_to_classes(subject)
    if unscaled:
        return failed(
            f"the rows of layers {', '.join(map(str, unscaled))} ask for {subject.classes} channels, as many as nc has "
            "classes: upstream takes such a number for nc and does not scale it",
            f"write a neighbouring number in these rows, or use another number of classes than {subject.classes}",
            not_scaled=unscaled,
            name=name,
        )
    if subject.found_base is None:
        return _without_base(name)
    measured = _measured(subject)
    evidence = {"scale": letter_of(subject), "origin": _origin(subject), **_table(subject), "name": name, **measured}
    for faults in (evidence["table_differs"], measured["channels"], measured["depth"], measured["units"]):
        if faults:
            return failed(faults[0]["fault"], faults[0]["hint"], **evidence)
    if name["fault"]:
        return warned(name["fault"], name["hint"], **evidence)
    if not subject.data.get("scales") and subject.required_base.data.get("scales"):
        return warned(
            "the file has no scales, so upstream builds it at depth 1 and width 1, whatever scale is asked for",
            f"copy `scales:` from {subject.required_base.file.name} into the file",
            **evidence,
        )
    return passed(_summary(evidence), **evidence)


def _without_base(name: Mapping[str, str]) -> Finding:
    reason = f"{NO_BASE}, so the scale has nothing to be compared with"
    if name["fault"]:
        return warned(name["fault"], name["hint"], name=name, without_base=reason)
    return skipped(reason, NO_BASE_HINT, name=name)


def _summary(evidence: Mapping[str, Any]) -> str:
    depth, width, most = evidence["table"]
    numbers = f"scale {evidence['scale']}{evidence['origin']}: depth {depth}, width {width}"
    numbers += f", max_channels {most}" if most is not None else ""
    return f"{numbers}; {evidence['compared']} replaced layers have the channels, depth and units of this scale"


def _origin(subject: Subject) -> str:
    """Say where upstream takes the scale from, to follow its letter; empty where the file's name has no part in it."""
    part = part_of_name(subject)
    return f" (from {part} in the file's name)" if part else ""


def _equal_to_classes(subject: Subject) -> list[int]:
    """Return the layers, but the head, whose row has as many channels as there are classes, and that are not scaled."""
    found = []
    for row in subject.rows[:-1]:
        asked = row.args[0] if row.args and type(row.args[0]) is int else None
        passed_on = value_of(subject.arguments.given.get(row.index, {}), "channels")
        if asked == subject.classes and passed_on == asked and scaled_channels(subject, asked) != asked:
            found.append(row.index)
    return found


# The scales table


def _table(subject: Subject) -> dict[str, Any]:
    """Return the scale's numbers in the file and in the base, and how they differ."""
    letter = letter_of(subject)
    own, base = entry_of(subject.data, letter), _base_entry(subject, letter)
    differences = []
    if base is not None and own != base:
        fault = f"the file's scale {letter} is {own}, the base's is {base} (depth, width, max_channels)"
        differences.append({"fault": fault, "hint": "write the base's numbers into the file, or ask for its own scale"})
    return {"table": own, "base_table": base, "table_differs": differences}


def _base_entry(subject: Subject, letter: Any) -> Entry | None:
    """Return the base's numbers at a scale: from its table, or from the file next to it for that scale.

    None where neither has them.
    """
    base = subject.required_base
    if base.data.get("scales") or not letter:
        return entry_of(base.data, letter)
    named = re.fullmatch(r"(.*\d)[nsmlx](\D*)", base.file.stem)
    if not named:
        return None  # one file for all scales, with the multiples of any one of them
    sibling = base.file.with_name(f"{named[1]}{letter}{named[2]}.yaml")
    return entry_of(read_yaml(sibling), letter) if sibling.exists() else None


# What upstream reads from the file's name


def _read_by_name(subject: Subject) -> dict[str, str]:
    """Return the scale that upstream itself takes from the file's name, and what is wrong with it."""
    if subject.upstream.style != "ultralytics":
        return _read_by_content(subject)
    try:
        found = subject.upstream.read(str(subject.cfg), None)
    except Exception as error:  # any exception of upstream's search for the file
        return _name_fault(f"upstream cannot read this file by its name: {error}", "give the file another name")
    letter = found.get("scale") or ""
    if _network(found) != _network(subject.data):
        return _name_fault(
            f"upstream drops the scale's letter from the name {subject.cfg.name}, and reads another file",
            "rename this file, or the file next to it without the letter",
            letter,
        )
    if letter and subject.scale and letter != subject.scale:
        return _name_fault(
            f"verified at scale {subject.scale}, but upstream reads scale {letter} from the name {subject.cfg.name}",
            f"verify with --scale {letter}, or use {subject.scale} as the letter in the file's name",
            letter,
        )
    if not letter:
        return _default_is_built(subject)
    if is_begun_word(subject):
        return _name_fault(
            f"upstream builds scale {letter}: it takes the {letter} of {part_of_name(subject)} in the name "
            f"{subject.cfg.name} for the scale's letter",
            f"if scale {letter} is not meant, put a hyphen or the right letter behind the version in the file's name",
            letter,
        )
    return _name_fault("", "", letter)


def _default_is_built(subject: Subject) -> dict[str, str]:
    """Return the fault of a name without a letter, where upstream builds another scale than the verified one."""
    data = read_yaml(subject.cfg)
    first = next(iter(data.get("scales") or ()), None)
    if first is None or not subject.scale or entry_of(data, first) == entry_of(data, subject.scale):
        return _name_fault("", "")
    return _name_fault(
        f"verified at scale {subject.scale}, but the name {subject.cfg.name} has no scale's letter: upstream builds "
        f"scale {first}, the first of the file's table",
        f"put the letter {subject.scale} behind the version in the file's name, or verify with --scale {first}",
    )


def _read_by_content(subject: Subject) -> dict[str, str]:
    """Return the same for a yolov5 file: upstream uses the multiples in it at every scale."""
    own = entry_of(read_yaml(subject.cfg), None)
    if own is None or own == entry_of(subject.data, None):
        return _name_fault("", "")
    return _name_fault(
        f"upstream uses the file's own depth and width, {own[:2]}, and not those of scale {subject.scale}",
        f"write the multiples of scale {subject.scale} into the file",
    )


def _name_fault(fault: str, hint: str, letter: str = "") -> dict[str, str]:
    return {"fault": fault, "hint": hint, "letter": letter}


def _network(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a parsed file that decides the network, apart from its scale."""
    return {key: value for key, value in data.items() if key not in _SET_BY_SCALE}


# What was built


def _measured(subject: Subject) -> dict[str, Any]:
    """Compare every replaced layer with the base's layer that it replaces."""
    pairs = {own: base for own, base in subject.replaced.items() if base is not None}
    outputs, base_outputs, problem = _outputs(subject, pairs)
    found: dict[str, Any] = {"channels": [], "depth": [], "units": [], "undecided": [], "compared": len(pairs)}
    found["widths"] = {}
    for own, base in pairs.items():
        _compare_channels(subject, own, base, outputs.get(own), base_outputs.get(base), found)
        _compare_depth(subject, own, base, found)
        _compare_units(subject, own, base, found)
    found["widths"] = dict(list(found["widths"].items())[:SHOWN])
    return {**found, "channels_not_measured": problem}


def _outputs(subject: Subject, pairs: Mapping[int, int]) -> tuple[Mapping[int, object], Mapping[int, object], str]:
    """Return the outputs of both models' layers for one image; where they have none, the reason."""
    if not pairs:
        return {}, {}, ""
    try:
        with torch.no_grad():
            own = layer_outputs(subject.model, subject.images())[0]
            base = layer_outputs(subject.required_base_model, subject.base_images())[0]
            return own, base, ""
    except Exception as error:  # any exception of the model's code; the check `forward` reports it
        return {}, {}, f"the model does not run: {type(error).__name__}"


def _compare_channels(
    subject: Subject, own: int, base: int, output: object, base_output: object, found: dict[str, Any]
) -> None:
    """Compare a layer's channels with those that its row's first argument gives at this scale."""
    row, other = subject.rows[own], subject.base_rows[base]
    if not (isinstance(output, torch.Tensor) and isinstance(base_output, torch.Tensor)):
        return
    asked, base_asked = (r.args[0] if r.args and type(r.args[0]) is int else None for r in (row, other))
    got, expected = output.shape[1], base_output.shape[1]
    found["widths"][own] = {"asked": asked, "got": got, "base": expected}
    scaled = scaled_channels(subject, asked)
    if asked is None or scaled is None or scaled_channels(subject, base_asked) != expected:
        found["undecided"].append(own)  # the first argument is not a number of channels
        return
    if asked != base_asked:
        expected = scaled
    if got == expected:
        return
    fault = f"layer {own} ({row.module}) asks for {asked} channels, {expected} at this scale, but its output has {got}"
    hint = f"its branch in parse_model must scale them: make_divisible(min({asked}, max_channels) * width, 8)"
    if asked == base_asked or got == asked:
        found["channels"].append({"layer": own, "fault": fault, "hint": hint})
    else:
        found["undecided"].append(own)


def _compare_depth(subject: Subject, own: int, base: int, found: dict[str, Any]) -> None:
    """Compare how often a layer repeats its unit: its lists of modules, and the count that parse_model passed."""
    row, other = subject.rows[own], subject.base_rows[base]
    if row.repeats != other.repeats or not _is_repeated(subject, base):
        return
    fault = _depth_fault(subject, own, base)
    if fault:
        hint = "its branch in parse_model must insert n as the third argument, and set n = 1"
        found["depth"].append({"layer": own, "fault": f"layer {own} ({row.module}) {fault}", "hint": hint})


def _depth_fault(subject: Subject, own: int, base: int) -> str:
    lists, base_lists = _unit_lists(subject, own, base)
    lengths = {name: (len(lists[name]), len(base_lists[name])) for name in lists.keys() & base_lists.keys()}
    wrong = {name: pair for name, pair in lengths.items() if pair[0] != pair[1]}
    if "" in lists and "" not in base_lists and subject.rows[own].repeats > 1:
        return f"is built {len(lists[''])} times in a row, but the base's layer repeats the unit inside it"
    if wrong:
        name, (got, expected) = next(iter(wrong.items()))
        return f"repeats its unit ({name or 'itself'}) {got} times, at this scale the base's does {expected} times"
    got, expected = _repeats(subject.arguments, own), _repeats(subject.base_arguments, base)
    if not lengths and None not in (got, expected) and got != expected:
        return f"got the repeat count {got}, at this scale the base's got {expected}"
    return ""


def _is_repeated(subject: Subject, base: int) -> bool:
    """Tell whether the base's layer repeats a unit: a head has lists, too, with one part for each of its maps."""
    layer = subject.required_base_model.model[base]
    return isinstance(layer, _LISTS) or _repeats(subject.base_arguments, base) is not None


def _repeats(recorder: Recorder, index: int) -> Any:
    return value_of(recorder.given.get(index, {}), "repeats")


_Lists = dict[str, Sequence[nn.Module]]


def _unit_lists(subject: Subject, own: int, base: int) -> tuple[_Lists, _Lists]:
    """Return the lists of units of a replaced layer, and of the base's layer."""
    return _lists(subject.model.model[own]), _lists(subject.required_base_model.model[base])


def _lists(layer: nn.Module) -> _Lists:
    """Return a layer's own lists of units by name; the layer itself under an empty name where it is a list.

    A class of its own that is a sequence is no list that parse_model has built: it repeats its units itself.
    """
    if type(layer) in _LISTS:
        return {"": list(layer)}
    return {name: list(child) for name, child in layer.named_children() if isinstance(child, _LISTS)}


def _compare_units(subject: Subject, own: int, base: int, found: dict[str, Any]) -> None:
    """Compare the units of lists with the same name: at some scales a unit has units of its own.

    Upstream turns `c3k` on for its large scales in the branch for its own class, for any row.
    """
    row = subject.rows[own]
    if row.module == subject.base_rows[base].module:
        return  # upstream's own class: its row's arguments ask for what was built
    if not _is_repeated(subject, base):
        return
    lists, base_lists = _unit_lists(subject, own, base)
    for name in lists.keys() & base_lists.keys():
        if not (len(lists[name]) and len(base_lists[name])):
            continue
        unit, base_unit = lists[name][0], base_lists[name][0]
        missing = _children(base_unit) - _children(unit)
        if missing and _lists(base_unit) and not _lists(unit) and _is_shallow(subject, own, base, unit, base_unit):
            found["units"].append(
                {
                    "layer": own,
                    "fault": f"layer {own} ({row.module}) repeats {type(unit).__name__}, but at this scale the base's "
                    f"repeats the deeper {type(base_unit).__name__}: it lacks {', '.join(sorted(missing))}",
                    "hint": "its branch in parse_model must follow upstream's rule for its large scales: "
                    'if scale in "mlx": args[3] = True',
                }
            )


def _children(module: nn.Module) -> set[str]:
    return {name for name, _ in module.named_children()}


def _is_shallow(subject: Subject, own: int, base: int, unit: nn.Module, base_unit: nn.Module) -> bool:
    """Return whether a unit is the simpler form of the base's, and not just another design.

    It is where its parts are some of the base's by name, or where parse_model switched something on only for the base.
    """
    if _children(unit) < _children(base_unit):
        return True
    own_given, base_given = subject.arguments.given.get(own, {}), subject.base_arguments.given.get(base, {})
    same_row = subject.rows[own].args == subject.base_rows[base].args
    pairs = list(zip(own_given.values(), base_given.values())) if same_row else []
    return any(a is False and b is True for a, b in pairs)
