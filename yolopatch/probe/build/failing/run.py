"""What went wrong while a layer was run for the first time, to measure the strides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from ...base.rows import Row
from ...explain.axes import MAP_AXES, first_without_map, remedy_for
from ...explain.cause import Cause
from ...explain.causes import known_cause
from ...explain.zero_sizes import empty_parts
from ...protocol.findings import Finding, failed
from ...tensors.tensors import image, layer_outputs
from ..arguments import Recorder, misread, role
from ..miscounted import miscounted
from ..subject import SIDE, Subject, shapes
from .words import NUMBERS, describe_empty, message, repeated_hint, row_text


def while_run(subject: Subject, error: BaseException, runner: FrameType, evidence: dict[str, Any]) -> Finding:
    """Explain an exception of a layer when upstream ran the new model once."""
    layer, given = runner.f_locals["m"], runner.f_locals.get("x")
    rows = subject.rows
    row = rows[layer.i]
    inputs = shapes(given)
    evidence |= {"layer": row.index, "class": row.module, "row": row_text(row), "input_shapes": inputs}
    known = _no_map(subject, runner, row, inputs) or known_cause(None, error) or _empty_layer(subject, layer, row)
    if known:
        return failed(known.what, known.remedy, **evidence)
    names = " and ".join(f"{s} ({rows[s].module})" if s >= 0 else "the image" for s in row.sources)
    return failed(
        f"layer {row.index} ({row.module}) cannot process the output of layer {names}, shape "
        f"{' and '.join(map(str, inputs))}: {message(error)}",
        _list_hint(row, error)
        or _axis_hint(row, error)
        or (_size_hint(subject, runner, error) if _JOINED.search(str(error)) else "")
        or _fraction_hint(subject, row)
        or _mismatch_hint(subject, runner, row, inputs, evidence)
        or _size_hint(subject, runner, error)
        or _fallback_hint(subject, row, error, evidence),
        **evidence,
    )


def _no_map(subject: Subject, runner: FrameType, row: Row, inputs: list[list[int]]) -> Cause | None:
    """Return the cause where a layer of upstream's got something else than a map from a layer before it."""
    of_upstream = {"Concat"} if subject.found_base is None else {one.module for one in subject.base_rows}
    if all(len(shape) == MAP_AXES for shape in inputs) or not (row.module in of_upstream or "nn." in row.module):
        return None
    model = runner.f_locals["self"]
    found = first_without_map(list(model.model), image(model, SIDE))
    if found is None:
        return None
    index, shape = found
    name = subject.rows[index].module
    return Cause(
        f"layer {index} ({name}) makes of its maps a tensor of {len(shape)} axes, {shape}, and layer {row.index} "
        f"({row.module}) needs a map, with 4: batch, channels, height, width",
        remedy_for(len(shape), name),
    )


# as torch and Python say that something got a list: a convolution, a function of torch, an attribute of a tensor
_GOT_A_LIST = re.compile(r"- got \(list|must be Tensor, not list|'list' object has no attribute")


def _list_hint(row: Row, error: BaseException) -> str:
    """Return a hint if a row names several layers for a class that takes one map."""
    if len(row.sources) < 2 or not _GOT_A_LIST.search(str(error)):
        return ""
    return (
        f"the row names {len(row.sources)} layers, so {row.module} gets a list of their maps, and its forward takes "
        "one map: name one layer, or put a Concat before it"
    )


_JOINED = re.compile(r"Sizes of tensors must match except in dimension (\d+)")


def _axis_hint(row: Row, error: BaseException) -> str:
    """Return a hint if a row joins maps along another axis than that of their channels."""
    joined = _JOINED.search(str(error))
    if joined is None or joined[1] == "1" or list(row.args) != [int(joined[1])]:
        return ""
    return f"its row joins the maps along their axis {joined[1]}, and channels are axis 1: write {row.module}, [1]"


def _fraction_hint(subject: Subject, row: Row) -> str:
    """Return a hint if a row has a fraction where the class counts pixels, channels or groups."""
    recorder = Recorder()
    with recorder, suppress(Exception):  # the same error again: only the arguments are needed now
        subject.build()
    for name, value in recorder.given.get(row.index, {}).items():
        if isinstance(value, float) and role(name) in NUMBERS:
            return f"{row.module} gets {value} as its {role(name)}: write a whole number, {round(value)}"
    return ""


def _empty_layer(subject: Subject, layer: Module, row: Row) -> Cause | None:
    """Return the cause where a part of the layer has no channels at all."""
    empty = empty_parts(layer)
    if not empty:
        return None
    recorder = Recorder()
    with recorder, suppress(Exception):  # the same error again: only the arguments are needed now
        subject.build()
    return describe_empty(layer, row, empty, (recorder.of_layer(row.index) or ("", {}))[1], subject.scale)


def _mismatch_hint(
    subject: Subject, runner: FrameType, row: Row, inputs: list[list[int]], evidence: dict[str, Any]
) -> str:
    """Return the cause of a mismatch: a class without a branch in parse_model, or channels that it counts wrong."""
    recorder = Recorder()
    with recorder, suppress(Exception):  # the same error again: only the arguments are needed now
        subject.build()
    rows = subject.rows
    for other in [row, *(rows[s] for s in row.sources if s >= 0)]:
        passed = recorder.given.get(other.index, {})
        evidence.setdefault("arguments", {})[other.index] = passed
        first = next(iter(passed), "")
        if role(first) == "input channels" and tuple(passed.values()) == other.args:
            return (
                f"parse_model has no branch for {other.module} (layer {other.index}): it passes the row's arguments "
                "as written, without the input channels, and expects as many output channels as its input has"
            )
    misled = miscounted(subject, list(runner.f_locals["self"].model), recorder)
    if misled:
        return f"{misled.what}: {misled.remedy}"
    counted = next((v for k, v in recorder.given.get(row.index, {}).items() if role(k) == "input channels"), None)
    if len(inputs) == 1 and isinstance(counted, int) and counted != inputs[0][1]:
        if row.sources == (-1,):
            key = "channels" if "channels" in runner.f_locals["self"].yaml else "ch"  # depends on the release
            return (
                f"parse_model counted {counted} channels of the image, and it has {inputs[0][1]}: let parse_model take "
                f"the number that it is called with, and write it in the file as {key}: {counted}"
            )
        return (
            f"parse_model counted {counted} channels from layer {row.sources[0]}, and it returns {inputs[0][1]}: fix "
            "the branch for its class in parse_model, or the class"
        )
    return _misread_hint(subject, recorder)


# as torch says that shapes do not fit
_SIZES = re.compile(r"Sizes of tensors must match|size of tensor a \(|Expected size \d+ but got size")
_SHAPES = re.compile(
    rf"{_SIZES.pattern}|channels|shapes? .*(?:cannot be|is invalid)|weight of size|normalized_shape|[Kk]ernel size"
)


def _fallback_hint(subject: Subject, row: Row, error: BaseException, evidence: Mapping[str, Any]) -> str:
    """Return what to look at where nothing else is known."""
    is_shape = _SHAPES.search(str(error)) is not None
    if evidence["at"] and subject.found_base and row.module not in {one.module for one in subject.base_rows}:
        return f"look at {evidence['at']}" + (", and compare the shapes there" if is_shape else "")
    if is_shape or not evidence["at"]:
        return "compare the shapes: a stride, a padding or a row's from index is wrong"
    return f"look at {evidence['at']}"


def _size_hint(subject: Subject, runner: FrameType, error: BaseException) -> str:
    """Return which layer, if any, is the first whose map has another size than that of the base's layer."""
    if subject.found_base is None or not _SIZES.search(str(error)):
        return ""
    model, found = runner.f_locals["self"], dict[int, Sequence[int]]()
    try:
        base = layer_outputs(subject.required_base_model, subject.base_images(SIDE))[0]
    except Exception:  # a base that does not run explains nothing
        return ""
    hooks = [layer.register_forward_hook(_size_keeper(found, index)) for index, layer in enumerate(model.model)]
    with torch.no_grad(), suppress(Exception):  # the same error again: only the sizes before it are needed
        model(image(model, SIDE))
    for hook in hooks:
        hook.remove()
    for own, other in enumerate(subject.alignment.base_of):
        expected = base.get(other) if other is not None else None
        if own in found and isinstance(expected, Tensor) and found[own] != list(expected.shape[-2:]):
            mine, theirs = (" x ".join(map(str, size)) for size in (found[own], expected.shape[-2:]))
            repeated = repeated_hint(subject.rows[own], model.model[own])
            if repeated:
                return repeated
            return (
                f"layer {own} ({subject.rows[own].module}) is the first whose map has another size than the base's: of "
                f"an image of {SIDE} pixels it makes {mine}, and the base's {theirs}. Does it use its stride, and pad?"
            )
    return ""


def _size_keeper(found: dict[int, Sequence[int]], index: int) -> Callable[[Module, object, object], None]:
    def keep(layer: Module, args: object, output: object) -> None:
        if isinstance(output, Tensor) and output.dim() == 4:
            found[index] = list(output.shape[-2:])

    return keep


def _misread_hint(subject: Subject, recorder: Recorder) -> str:
    """Return which layer, if any, has another class than the base's and reads the same row in another way."""
    if subject.found_base is None:
        return ""
    base_recorder = Recorder()
    with base_recorder, suppress(Exception):  # a base that does not build explains nothing
        subject.build(subject.base_data)
    rows, base_rows = subject.rows, subject.base_rows
    for own, base in enumerate(subject.alignment.base_of):
        if base is None or rows[own].module == base_rows[base].module or rows[own].args != base_rows[base].args:
            continue
        for wrong in misread(recorder.given.get(own, {}), base_recorder.given.get(base, {})):
            return (
                f"layer {own} ({rows[own].module}) reads {wrong['value']!r} as its {wrong['reads_as']}, which "
                f"{base_rows[base].module} reads as its {wrong['base_reads_as']}: write its row in its own order"
            )
    return ""
