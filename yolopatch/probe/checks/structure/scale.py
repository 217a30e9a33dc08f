"""Depth, width and max_channels in effect are the asked scale's, in the replaced layers too."""

import math
import re

import torch
import torch.nn as nn

from ...build.arguments import value_of
from ...build.bases import read_yaml
from ...protocol.findings import failed, passed, skipped, warned
from ...tensors.tensors import layer_outputs
from ..rules import Rules

_MOST = 20  # entries of a list in the evidence
_LISTS = (nn.ModuleList, nn.Sequential)
_SET_BY_SCALE = ("scale", "scales", "yaml_file", "depth_multiple", "width_multiple", "ch")


RULES = Rules(needs_run=False, asks_base=False)


def check(subject):
    """Compare the file's own scale, what it built, and what upstream reads of its name, with the base's scale."""
    name = _read_by_name(subject)
    if subject.found_base is None:
        return _without_base(name)
    measured = _measured(subject)
    evidence = {"scale": subject.scale or _letter(subject.data), **_table(subject), "name": name, **measured}
    for faults in (evidence["table_differs"], measured["channels"], measured["depth"], measured["units"]):
        if faults:
            return failed(faults[0]["fault"], faults[0]["hint"], **evidence)
    if name["fault"]:
        return warned(name["fault"], name["hint"], **evidence)
    return passed(_summary(evidence), **evidence)


def _without_base(name):
    why = "no base was found, so there is no scale to compare with"
    if name["fault"]:
        return warned(name["fault"], name["hint"], name=name, without_base=why)
    return skipped(why, "name upstream's own file that this one was made from with --base", name=name)


def _summary(evidence):
    depth, width, most = evidence["table"]
    said = f"scale {evidence['scale']}: depth {depth}, width {width}"
    said += f", max_channels {most}" if most is not None else ""
    return f"{said}; {evidence['compared']} replaced layers have the channels, depth and units that follow from it"


# The table of scales


def _letter(data):
    """Return the scale that a parsed file builds; as upstream does, the first of its table where none is named."""
    return data.get("scale") or next(iter(data.get("scales") or ()), None)


def _entry(data, letter):
    """Return [depth, width, max_channels] of a parsed file at a scale; None where it has no such scale."""
    if data.get("scales"):
        found = data["scales"].get(letter)
        return None if found is None else [float(found[0]), float(found[1]), found[2]]
    return [float(data.get("depth_multiple", 1)), float(data.get("width_multiple", 1)), None]


def _table(subject):
    """Return the scale's numbers in the file and in the base, and how they differ."""
    letter = subject.scale or _letter(subject.data)
    own, base = _entry(subject.data, letter), _base_entry(subject, letter)
    differs = []
    if base is not None and own != base:
        said = f"the file's scale {letter} is {own}, and the base's is {base} (depth, width, max_channels)"
        differs.append({"fault": said, "hint": "write the base's numbers into the file, or ask for its own scale"})
    return {"table": own, "base_table": base, "table_differs": differs}


def _base_entry(subject, letter):
    """Return the base's numbers at a scale: of its table, or of the file beside it that is made for that scale.

    None where nothing says what they are.
    """
    base = subject.found_base
    if base.data.get("scales") or not letter:
        return _entry(base.data, letter)
    named = re.fullmatch(r"(.*\d)[nsmlx](\D*)", base.file.stem)
    if not named:
        return None  # one file for all scales, with the multiples of whichever upstream wrote it at
    sibling = base.file.with_name(f"{named[1]}{letter}{named[2]}.yaml")
    return _entry(read_yaml(sibling), letter) if sibling.exists() else None


# What upstream makes of the file's name


def _read_by_name(subject):
    """Return what upstream itself would build from the file's name, and what is wrong with that."""
    if not hasattr(subject.upstream, "tasks"):
        return _by_content(subject)
    try:
        found = subject.upstream.read(str(subject.cfg), None)
    except Exception as error:  # whatever upstream's search for the file raises
        return _named(f"upstream cannot read this file by its name: {error}", "give the file another name")
    letter = found.get("scale") or ""
    if _content(found) != _content(subject.data):
        return _named(
            f"upstream, given the name {subject.cfg.name}, drops the scale's letter and reads another file",
            "rename this file, or the one beside it without the letter",
            letter,
        )
    if letter and subject.scale and letter != subject.scale:
        return _named(
            f"verified at scale {subject.scale}; but of the name {subject.cfg.name} upstream takes scale {letter}",
            f"verify with --scale {letter}, or give upstream a name with {subject.scale} in that place",
            letter,
        )
    return _named("", "", letter)


def _by_content(subject):
    """A yolov5 file holds its own multiples: upstream takes them, whatever scale is asked for."""
    own = _entry(read_yaml(subject.cfg), None)
    if own == _entry(subject.data, None):
        return _named("", "")
    return _named(
        f"the file's own depth and width are {own[:2]}, and upstream takes these, not those of scale {subject.scale}",
        f"write the multiples of scale {subject.scale} into the file",
    )


def _named(fault, hint, letter=""):
    return {"fault": fault, "hint": hint, "letter": letter}


def _content(data):
    """Return what of a parsed file decides the network, beside its scale."""
    return {key: value for key, value in data.items() if key not in _SET_BY_SCALE}


# What was built


def _measured(subject):
    """Compare every replaced layer that stands for one of the base's with that one."""
    pairs = {own: base for own, base in subject.replaced.items() if base is not None}
    outputs, base_outputs, why = _outputs(subject, pairs)
    found = {"channels": [], "depth": [], "units": [], "undecided": [], "compared": len(pairs), "widths": {}}
    for own, base in pairs.items():
        _compare_channels(subject, own, base, outputs.get(own), base_outputs.get(base), found)
        _compare_depth(subject, own, base, found)
        _compare_units(subject, own, base, found)
    found["widths"] = dict(list(found["widths"].items())[:_MOST])
    return {**found, "channels_not_measured": why}


def _outputs(subject, pairs):
    """Return the outputs of both models' layers for one image; without any, why."""
    if not pairs:
        return {}, {}, ""
    try:
        with torch.no_grad():
            x = subject.images()
            return (*(layer_outputs(m, x)[0] for m in (subject.model, subject.base)), "")
    except Exception as error:  # whatever the model's code raises; the check `forward` reports it
        return {}, {}, f"the model does not run: {type(error).__name__}"


def _compare_channels(subject, own, base, output, base_output, found):
    """Compare a layer's channels with those that its row's first argument gives at this scale."""
    row, other = subject.rows[own], subject.base_rows[base]
    if not (isinstance(output, torch.Tensor) and isinstance(base_output, torch.Tensor)):
        return
    asked, base_asked = (r.args[0] if r.args and type(r.args[0]) is int else None for r in (row, other))
    got, expected = output.shape[1], base_output.shape[1]
    found["widths"][own] = {"asked": asked, "got": got, "base": expected}
    if asked is None or _scaled(subject, base_asked) != expected:
        found["undecided"].append(own)  # the first argument is no number of channels
        return
    if asked != base_asked:
        expected = _scaled(subject, asked)
    if got == expected:
        return
    fault = f"layer {own} ({row.module}) asks for {asked} channels, which are {expected} at this scale, and gives {got}"
    hint = f"its branch in parse_model must scale them: make_divisible(min({asked}, max_channels) * width, 8)"
    if asked == base_asked or got == asked:
        found["channels"].append({"layer": own, "fault": fault, "hint": hint})
    else:
        found["undecided"].append(own)


def _scaled(subject, channels):
    """Return what upstream makes of a row's number of channels at this scale."""
    entry = _entry(subject.data, _letter(subject.data))
    if channels is None or entry is None:
        return None
    return math.ceil(min(channels, entry[2] or math.inf) * entry[1] / 8) * 8


def _compare_depth(subject, own, base, found):
    """Compare how often a layer repeats its unit: by its lists of modules, and by what parse_model passed."""
    row, other = subject.rows[own], subject.base_rows[base]
    if row.repeats != other.repeats:
        return
    lists, base_lists = (_lists(m.model[i]) for m, i in ((subject.model, own), (subject.base, base)))
    lengths = {name: (len(lists[name]), len(base_lists[name])) for name in lists.keys() & base_lists.keys()}
    wrong = {name: pair for name, pair in lengths.items() if pair[0] != pair[1]}
    whole = "" in lists and "" not in base_lists
    passed_on = [_repeats(recorder, i) for recorder, i in ((subject.arguments, own), (subject.base_arguments, base))]
    said = ""
    if whole and row.repeats > 1:
        said = f"is built {len(subject.model.model[own])} times in a row, and the base's repeats the unit inside it"
    elif wrong:
        name, (got, expected) = next(iter(wrong.items()))
        said = f"repeats its unit ({name or 'itself'}) {got} times, and at this scale the base's does {expected} times"
    elif not lengths and None not in passed_on and passed_on[0] != passed_on[1]:
        said = f"got the repeat count {passed_on[0]}, and at this scale the base's got {passed_on[1]}"
    if said:
        hint = "its branch in parse_model must insert n as the third argument, and set n = 1"
        found["depth"].append({"layer": own, "fault": f"layer {own} ({row.module}) {said}", "hint": hint})


def _repeats(recorder, index):
    return value_of(recorder.given.get(index, {}), "repeats")


def _lists(layer):
    """Return a layer's own lists of units by name; the layer itself, by an empty one, where it is a list."""
    found = {name: child for name, child in layer.named_children() if isinstance(child, _LISTS)}
    return {"": layer} if isinstance(layer, _LISTS) else found


def _compare_units(subject, own, base, found):
    """Compare the units of lists of one name: some scales have a unit with units of its own.

    Upstream turns `c3k` on for its large scales in the branch for its own class, whatever the row says.
    """
    row = subject.rows[own]
    lists, base_lists = (_lists(m.model[i]) for m, i in ((subject.model, own), (subject.base, base)))
    for name in lists.keys() & base_lists.keys():
        if not (len(lists[name]) and len(base_lists[name])):
            continue
        unit, base_unit = lists[name][0], base_lists[name][0]
        missing = _children(base_unit) - _children(unit)
        if missing and _lists(base_unit) and not _lists(unit) and _is_shallow(subject, own, base, unit, base_unit):
            found["units"].append(
                {
                    "layer": own,
                    "fault": f"layer {own} ({row.module}) repeats {type(unit).__name__}, and at this scale the base's "
                    f"repeats the deeper {type(base_unit).__name__}: it lacks {', '.join(sorted(missing))}",
                    "hint": "its branch in parse_model must follow upstream's rule for its large scales: "
                    'if scale in "mlx": args[3] = True',
                }
            )


def _children(module):
    return {name for name, _ in module.named_children()}


def _is_shallow(subject, own, base, unit, base_unit):
    """Tell whether a unit is the lesser form of the base's, and not simply another design.

    Its parts are some of the base's, by their names; or parse_model switched something on for the base alone.
    """
    if _children(unit) < _children(base_unit):
        return True
    own_given, base_given = subject.arguments.given.get(own, {}), subject.base_arguments.given.get(base, {})
    same_row = subject.rows[own].args == subject.base_rows[base].args
    pairs = list(zip(own_given.values(), base_given.values())) if same_row else []
    return any(a is False and b is True for a, b in pairs)
