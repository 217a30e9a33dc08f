"""The keys of a model YAML beside its rows: one that is there twice, and values that upstream cannot use."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import Any

import yaml
from torch import nn

from ..explain.cause import Cause
from ..tensors.tensors import CHANNEL_KEYS, image_channels
from .subject import Subject


def wrong_key(subject: Subject) -> Cause | None:
    """Return what is wrong with a key of the file, None where nothing is, or where the file cannot be read."""
    try:
        data = subject.data
    except Exception:  # any error of reading the file; `failures` explains it
        return None
    return (
        repeated_key(subject)
        or _no_rows(subject, data)
        or _wrong_classes(subject, data)
        or _wrong_activation(subject, data)
        or _wrong_anchors(subject, data)
    )


def unread_channels(subject: Subject) -> Cause | None:
    """Return what the file says of the images' channels that this release does not read; None where it reads all."""
    model, key = subject.model, next((key for key in CHANNEL_KEYS if key in subject.model.yaml), "")
    real = image_channels(model)
    unread = next((one for one in CHANNEL_KEYS if subject.data.get(one) not in (None, real)), None)
    if unread is None:
        return None
    value = subject.data[unread]
    return Cause(
        f"the file says {unread}: {value}, and this release makes the model for images of {real} channels all the same",
        f"write {key}: {value} in the YAML of the data: the trainer builds the model for it"
        if key == "channels"
        else f"write it as {key}: {value}, which this release reads",
    )


# what is no setting of the layers, or is looked at by other checks
_NO_SETTINGS = frozenset({"backbone", "head", "nc", "scale", "scales", "yaml_file", *CHANNEL_KEYS})
_SETTINGS = ("activation", "anchors", "end2end", "inplace", "kpt_shape", "reg_max")  # of one release or another


def unread_setting(subject: Subject) -> Cause | None:
    """Return which setting of the file this release does not read; None where it reads all.

    What it reads is seen by building. A word that is no setting of any release, nor nearly one, may be a remark.
    """
    known = _NO_SETTINGS | set(subject.base_data if subject.found_base else ())
    written = [key for key in subject.data if isinstance(key, str) and key not in known]
    read = _read_keys(subject) if written else set()
    for key in written:
        value = subject.data[key]
        is_activation = isinstance(value, str) and _is_module(subject, value)
        wanted = {one for one in read if one not in subject.data}
        near = difflib.get_close_matches(key, wanted, n=1, cutoff=0.75)
        if key in read or not (is_activation or near or key in _SETTINGS):
            continue
        meant = "activation" if is_activation and "activation" in wanted else next(iter(near), "")
        return Cause(
            f"the file says {key}: {value}, which this release does not read: the layers are made without it",
            f"write it as {meant}: {value}"
            if meant
            else f"take it out, and set it in the code of this release; or take a release that reads {key}",
        )
    return None


def _read_keys(subject: Subject) -> set[str]:
    """Return the keys that upstream asks the file for while it builds the model."""
    seen: set[str] = set()

    class Asked(dict):  # type: ignore[type-arg]  # what upstream copies stays one
        def __getitem__(self, key: str) -> Any:
            seen.add(key)
            return super().__getitem__(key)

        def get(self, key: str, default: Any = None) -> Any:
            seen.add(key)
            return super().get(key, default)

        def __contains__(self, key: object) -> bool:
            seen.add(str(key))
            return super().__contains__(key)

    subject.build(Asked(subject.data))
    return seen


def _is_module(subject: Subject, text: str) -> bool:
    """Return whether a text makes a module, as that of an activation does."""
    try:
        return isinstance(eval(text, dict(vars(subject.upstream.parser))), nn.Module)  # as upstream does with its own
    except Exception:  # whatever the user's text raises
        return False


_PARTS = ("backbone", "head")
FIX_THE_FILE = "fix the file: it needs backbone and head, each a list of [from, repeats, module, arguments]"


def _no_rows(subject: Subject, data: dict[str, Any]) -> Cause | None:
    """Return which of the two lists of rows the file has not, or has in another form."""
    wrong = next((key for key in _PARTS if not (isinstance(data.get(key), list) and data[key])), None)
    if wrong is None:
        return None
    if wrong not in data:
        near = difflib.get_close_matches(wrong, map(str, data), n=1)
        return Cause(
            f"{subject.cfg.name} is no model YAML: it has no {wrong}",
            f"write {wrong}: in place of {near[0]}:" if near else FIX_THE_FILE,
        )
    value = data[wrong]
    if isinstance(value, dict):
        return Cause(
            f"{subject.cfg.name} has the keys {', '.join(map(str, value))} under {wrong}:, where upstream reads a list "
            "of rows",
            "write each layer as a row; a class of your own that is a whole backbone is one row, whose class "
            "parse_model's file imports",
        )
    return Cause(
        f"{subject.cfg.name} says {wrong}: {value!r}, and upstream reads a list of rows",
        "write the rows there: upstream loads no other file",
    )


def repeated_key(subject: Subject) -> Cause | None:
    """Return which key the file has twice with two values: YAML keeps the last without a word."""
    try:
        root = yaml.compose(subject.cfg.read_text(encoding="utf-8", errors="ignore"), Loader=yaml.SafeLoader)
    except (OSError, yaml.YAMLError):
        return None
    if not isinstance(root, yaml.MappingNode):
        return None
    pairs = [(key.value, yaml.serialize(value)) for key, value in root.value if isinstance(key, yaml.ScalarNode)]
    times = Counter(key for key, _ in dict.fromkeys(pairs))
    twice = next((key for key, count in times.items() if count > 1), None)
    if twice is None:
        return None
    return Cause(
        f"{subject.cfg.name} has `{twice}:` {times[twice]} times, and of these upstream reads the last alone",
        f"keep one `{twice}:`, with all that belongs to it",
    )


def _wrong_classes(subject: Subject, data: dict[str, Any]) -> Cause | None:
    """Return what is wrong with the number of classes that a row asks for."""
    asked = next((row for row in subject.rows if "nc" in row.args), None)
    classes = data.get("nc")
    if asked is None or (isinstance(classes, int) and classes > 0):
        return None
    has = f"says nc: {classes!r}" if "nc" in data else "has no nc"
    return Cause(
        f"{subject.cfg.name} {has}, and the row of layer {asked.index} ({asked.module}) needs the number of classes",
        "write nc as a whole number above 0 and without quotes, such as nc: 80",
    )


def _wrong_activation(subject: Subject, data: dict[str, Any]) -> Cause | None:
    """Return what is wrong with the activation that upstream gives to each of its convolutions."""
    written = data.get("activation")
    if not isinstance(written, str):
        return None
    try:
        made = eval(written, dict(vars(subject.upstream.parser)))  # as upstream does, in the process that runs its code
    except Exception as error:  # whatever the user's text raises
        reason = f"{type(error).__name__}: {error}"
    else:
        if isinstance(made, nn.Module):
            return None
        reason = "a class, and not a module" if isinstance(made, type) else f"a {type(made).__name__}, and no module"
    return Cause(
        f"{subject.cfg.name} says activation: {written}, which is no activation ({reason})",
        "write it as Python makes one, with its parentheses: nn.ReLU(), nn.LeakyReLU(0.1)",
    )


def _wrong_anchors(subject: Subject, data: dict[str, Any]) -> Cause | None:
    """Return what is wrong with the anchors that YOLOv5's head gets: a row of pairs for each map that it reads."""
    head = subject.rows[-1] if subject.rows else None
    if subject.upstream.style != "yolov5" or head is None or "anchors" not in head.args:
        return None
    anchors, reader = data.get("anchors"), f"layer {head.index} ({head.module})"
    if isinstance(anchors, int) and anchors > 0:
        return None
    remedy = (
        "write a row of width, height, width, height, … in pixels for each map, the finest first, each with as many "
        "pairs; or anchors: 3, and upstream computes three for each map from the data"
    )
    if not isinstance(anchors, list) or not all(isinstance(row, list) for row in anchors):
        has = f"says anchors: {anchors!r}" if "anchors" in data else "has no anchors"
        return Cause(f"{subject.cfg.name} {has}, and {reader} needs a row of them for each map", remedy)
    if len(anchors) != len(head.sources):
        return Cause(
            f"{subject.cfg.name} has {len(anchors)} rows of anchors, and {reader} reads {len(head.sources)} maps, "
            f"those of layers {', '.join(map(str, head.sources))}",
            remedy,
        )
    lengths = [len(row) for row in anchors]
    wrong = next((n for n, length in enumerate(lengths) if length != lengths[0] or length % 2 or not length), None)
    if wrong is None:
        return None
    return Cause(
        f"{subject.cfg.name} has {lengths[wrong]} numbers in row {wrong + 1} of its anchors, and {reader} needs pairs, "
        "as many in each row",
        remedy,
    )
