"""Explain why a model did not build: which layer, which argument, which line."""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Module

from ...wire.messages import NotBuilt, UpstreamRequest
from ...wire.python.packages import OF_POST, how_to_get, how_to_install
from ...wire.verification import History, VerifyRequest
from ..base.rows import Row
from ..explain.axes import MAP_AXES, first_without_map, remedy_for
from ..explain.causes import Cause, known_cause
from ..explain.in_place import changed_in_place
from ..explain.raising import first_line, line_in, raised
from ..explain.zero_sizes import empty_parts, zero_divisions
from ..protocol.findings import Finding, failed
from ..protocol.plain_values import plain
from ..protocol.refusal import ModelRefusal, Refusal
from ..tensors.tensors import image, layer_outputs, tensors
from .arguments import Recorder, misread, role
from .keys import FIX_THE_FILE, wrong_key
from .miscounted import is_the_bases, miscounted, misled_by
from .subject import SIDE, Subject, shapes
from .upstreams import Upstream
from .wiring import forgotten_numbers

_RUNNERS = ("_predict_once", "_forward_once", "forward_once")  # upstream's loops over the layers
_ZERO_HINT = "keep at least one channel, such as max(1, c // r), or use the module where its input is wide enough"
_SEVERAL = re.compile(r"-?[\w.]+(?:\s+-?[\w.]+)+")  # values of a row without a comma between them
# upstream's functions that set the start of a head's biases, by the names of its own head's layers
_SETTING_BIASES = ("_initialize_biases", "bias_init")
_NUMBERS = ("input channels", "channels", "repeats", "kernel", "stride", "groups", "dilation")


def explain(subject: Subject, error: BaseException) -> Finding:
    """Return the failed finding of `build` for an exception that building the model raised."""
    found = _explained(subject, error)
    renumber = forgotten_numbers(subject)  # it is the cause where it repairs the file, whatever was raised for it
    return replace(found, hint=renumber) if renumber else found


def _explained(subject: Subject, error: BaseException) -> Finding:
    """Return the finding for the exception alone.

    The frames of the traceback show the layer: the frame of parse_model (which layer it was making), or of upstream's
    loop over the layers, which runs once while a model is built, to measure the strides.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    evidence: dict[str, Any] = {
        "exception": f"{type(error).__name__}: {str(error)[:600]}",
        "at": line_in(Path(subject.request.workspace), error) or None,
    }
    crooked = _crooked_row(subject)
    if crooked:
        return failed(crooked, "write it as [from, repeats, module, [arguments]], with a comma after each", **evidence)
    wrong = wrong_key(subject)
    if wrong:
        return failed(wrong.what, wrong.remedy, **evidence)
    parser = next((f for f in frames if f.f_code.co_name == "parse_model"), None)
    if parser is not None and "args" in parser.f_locals:
        return _while_made(subject, error, parser, frames[-1], evidence)
    runner = next((f for f in reversed(frames) if f.f_code.co_name in _RUNNERS), None)
    if runner is not None and hasattr(runner.f_locals.get("m"), "i"):
        return _while_run(subject, error, runner, evidence)
    return _elsewhere(subject, error, evidence)


def _crooked_row(subject: Subject) -> str:
    """Say which row of the file has not the four parts of a row; empty where all have, or the file cannot be read."""
    try:
        parts = [subject.data.get(key) for key in ("backbone", "head")]
    except Exception:  # any error of reading the file; `_elsewhere` explains it
        return ""
    rows = [row for part in parts if isinstance(part, list) for row in part]
    for index, row in enumerate(rows):
        if not _is_row(row):
            return (
                f"the row of layer {index}, {row}, is none: a row has a from, a number of repeats, a module and a list"
            )
    return ""


def _is_row(row: Any) -> bool:
    if not isinstance(row, list) or len(row) != 4:
        return False
    read = row[0] if isinstance(row[0], list) else [row[0]]
    numbers = all(type(one) is int for one in read) and isinstance(row[1], (int, float))
    return numbers and isinstance(row[2], str) and isinstance(row[3], list)


@contextmanager
def explained(upstream: Upstream, request: UpstreamRequest, cfg: str, scale: str | None) -> Iterator[None]:
    """Turn an exception of a model's code into the answer of the task, explained as `verify` explains it.

    Args:
        upstream: the upstream that builds the model.
        request: of the task; it names the workspace.
        cfg, scale: the model's YAML and its scale.

    Raises:
        ModelRefusal: in place of the exception.
    """
    try:
        yield
    except Refusal:
        raise
    except (Exception, SystemExit) as error:  # the model's code may raise anything
        found = explain(Subject(upstream, build_request(request, cfg, scale)), error)
        at = found.evidence["at"] or ""
        raise ModelRefusal(NotBuilt(cfg, found.summary, found.evidence["exception"], at, found.hint)) from error


def build_request(request: UpstreamRequest, cfg: str, scale: str | None) -> VerifyRequest:
    """Return the request of a subject that is only built, to describe or to explain it."""
    return VerifyRequest(
        workspace=request.workspace,
        style=request.style,
        cfg=cfg,
        scale=scale or "",
        imgsz=SIDE,
        device="cpu",
        pristine=None,
        base=None,
        multiples=None,
        history=History(ours=True, commit=None, blobs={}),
    )


def _while_made(
    subject: Subject, error: BaseException, parser: FrameType, deepest: FrameType, evidence: dict[str, Any]
) -> Finding:
    """Explain an exception that was raised while parse_model made a layer."""
    found = parser.f_locals
    row = subject.rows[found["i"]]
    evidence |= {"layer": row.index, "class": row.module, "row": _row_text(row)}
    if isinstance(found["m"], str):
        return _unknown_class(subject, row, evidence)
    missing = [s for s in row.sources if not -1 <= s < row.index]
    if missing:
        return failed(
            f"layer {row.index} ({row.module}) reads layer {missing[0]}, which is not built before it",
            "fix the row's first entry: it counts from 0, or back from the row itself with negative numbers",
            **evidence,
        )
    evidence["passed"] = plain(found["args"])
    several = next((one for one in row.args if isinstance(one, str) and _SEVERAL.fullmatch(one)), None)
    if several is not None and isinstance(error, SyntaxError):
        return failed(
            f"layer {row.index} ({row.module}): the row has {several!r}, which is one word",
            f"write a comma between its values: {', '.join(several.split())}",
            **evidence,
        )
    if isinstance(error, UnboundLocalError) and not subject.data.get("scales"):
        return failed(
            f"the file has no scales, and upstream's parse_model reads the scale for layer {row.index} ({row.module})",
            "copy `scales:` from upstream's own YAML of this family into the file",
            **evidence,
        )
    known = known_cause(None, error) if isinstance(error, NameError) else None
    if known:  # parse_model reaches the line with the name at a layer that need not be the one that it is for
        return failed(known.what, known.remedy, **evidence)
    if deepest is parser or (deepest.f_back is parser and deepest.f_code.co_name == "<genexpr>"):
        return _not_called(subject, error, row, found, evidence)
    return _not_constructed(subject, error, row, found, evidence)


def _row_text(row: Row) -> str:
    return f"{list(row.sources)}, {row.repeats}, {row.module}, {list(row.args)}"


def _unknown_class(subject: Subject, row: Row, evidence: dict[str, Any]) -> Finding:
    home = _home_of(subject, row.module)
    if home:
        hint = (
            f"it is defined in {home}, but {Path(subject.upstream.file).name} does not import it: import it there, and "
            "let a branch of parse_model pass what its constructor takes, such as the channels of its input"
        )
    else:
        hint = _elsewhere_hint(subject, row.module)
    return failed(
        f"layer {row.index} asks for the class {row.module}, which parse_model does not know", hint, **evidence
    )


def _elsewhere_hint(subject: Subject, name: str) -> str:
    """Return where a class is to be had that no file of the checkout defines, and what its name may be meant for."""
    found = subject.request.elsewhere.get(name)
    if found:
        return found
    of_torch = [f"nn.{one}" for one in vars(nn) if one[:1].isupper()] if name.startswith("nn.") else []
    near = difflib.get_close_matches(name, of_torch or _known(subject), n=3)
    meant = f": {', '.join(near)}?" if near else ""
    if of_torch:
        return f"torch.nn has no {name.removeprefix('nn.')}: fix the name{meant}"
    if found is None:
        return f"apply its module to this workspace, or fix the name{meant}"
    file = Path(subject.upstream.file).name
    return (
        f"no release that yolopatch knows has it, and no module: import the file with your class in {file}, with a "
        f"branch for it in parse_model; or fix the name{meant}"
    )


def _home_of(subject: Subject, name: str) -> str | None:
    """Return upstream's file that defines a class of this name, which parse_model's own file does not import."""
    package = subject.upstream.package
    for key, module in sorted(sys.modules.items()):
        found = getattr(module, name, None) if key.split(".")[0] == package else None
        if isinstance(found, type) and found.__module__ == key:
            return key.replace(".", "/") + ".py"
    return None


def _known(subject: Subject) -> list[str]:
    """Return the names of the classes that parse_model knows."""
    seen = vars(subject.upstream.parser)
    return [name for name, value in seen.items() if isinstance(value, type) and issubclass(value, Module)]


def _not_called(
    subject: Subject, error: BaseException, row: Row, found: Mapping[str, Any], evidence: dict[str, Any]
) -> Finding:
    """Explain an exception of parse_model itself, whose variables are `found`: no constructor was entered."""
    cls, args = found["m"], found["args"]
    evidence["constructor"] = _signature(cls)
    if isinstance(error, TypeError) and "__init__()" in str(error):
        return failed(
            f"layer {row.index}: {row.module} does not take {len(args)} arguments: {_message(error)}",
            _branch_hint(row, cls, args)
            or f"its constructor is {row.module}{_signature(cls)}, and parse_model passes {plain(args)}",
            **evidence,
        )
    if len(row.sources) > 1 and "list indices must be integers" in str(error):
        return failed(
            f"layer {row.index} ({row.module}) reads {len(row.sources)} layers, and parse_model looks up the channels "
            "of one",
            f"write a branch for {row.module} in parse_model, which sets c2 to the channels that it gives: "
            "c2 = ch[f[0]] where it adds maps, sum(ch[x] for x in f) where it joins them",
            **evidence,
        )
    if "int' object is not iterable" in str(error) and not isinstance(_written_from(subject, row), list):
        return failed(
            f"layer {row.index} ({row.module}) names one layer as a number, and parse_model looks for a list of layers "
            "there",
            f"write it in brackets: [[{row.written[0]}], {row.repeats}, {row.module}, ...]",
            **evidence,
        )
    if is_the_bases(subject, row):
        return failed(
            f"parse_model itself fails at layer {row.index} ({row.module}), whose row is upstream's own: "
            f"{type(error).__name__}: {_message(error)}",
            f"look at {evidence['at']}: not the layer is wrong, but the code there, or a branch before it",
            **evidence,
        )
    return failed(
        f"layer {row.index} ({row.module}): parse_model could not make its arguments from {list(row.args)}: "
        f"{type(error).__name__}: {_message(error)}",
        f"its constructor is {row.module}{_signature(cls)}: fix the row, or its branch in parse_model",
        **evidence,
    )


def _written_from(subject: Subject, row: Row) -> Any:
    return [*subject.data["backbone"], *subject.data["head"]][row.index][0]


def _not_constructed(
    subject: Subject, error: BaseException, row: Row, made: Mapping[str, Any], evidence: dict[str, Any]
) -> Finding:
    """Explain an exception of a layer's constructor; `made` are the variables of parse_model."""
    cls, args = made["m"], made["args"]
    bound = _bound(cls, args)
    evidence["arguments"] = bound
    if isinstance(error, ImportError) and error.name:
        return failed(
            f"layer {row.index} ({row.module}) cannot be constructed: {_message(error)}",
            (how_to_get if _is_of_post(cls) else how_to_install)(error.name, sys.executable),
            **evidence,
        )
    zeros = zero_divisions(cls, bound)
    if zeros:
        return failed(
            f"layer {row.index} ({row.module}) cannot be constructed: {zeros[0]}: {type(error).__name__}: "
            f"{_message(error)}",
            _ZERO_HINT,
            **evidence,
        )
    misled = misled_by(subject, row, made)
    if misled:
        return failed(f"{misled.what}: {type(error).__name__}: {_message(error)}", misled.remedy, **evidence)
    known = known_cause(None, error)
    if known:
        return failed(f"layer {row.index} ({row.module}) cannot be constructed: {known.what}", known.remedy, **evidence)
    suspects = [f"{name}={value!r}" for name, value in bound.items() if _is_suspect(name, value, str(error))]
    blamed = f"{row.module} with {', '.join(suspects)}" if suspects else f"{row.module}({_listed(bound)})"
    return failed(
        f"layer {row.index}: {blamed} cannot be constructed: {type(error).__name__}: {_message(error)}",
        _branch_hint(row, cls, args)
        or (f"fix that argument in the row {list(row.args)}, or the class's constructor" if suspects else "")
        or f"look at {evidence['at'] or 'the exception in the evidence'}, and at the row {list(row.args)}",
        **evidence,
    )


def _is_of_post(cls: Any) -> bool:
    """Tell whether a class is of a file that `add` stored, or stands for one."""
    return hasattr(cls, "lacks") or getattr(cls, "__module__", "").rpartition(".")[2].startswith(OF_POST)


def _signature(cls: Any) -> str:
    try:
        return str(inspect.signature(cls))
    except (TypeError, ValueError):  # a class that is written in C may have no signature
        return "(...)"


def _bound(cls: Any, args: list[Any]) -> dict[str, Any]:
    """Return the arguments by the names of the constructor's parameters."""
    try:
        return {k: plain(v) for k, v in inspect.signature(cls).bind(*args).arguments.items()}
    except (TypeError, ValueError):
        return {str(k): plain(v) for k, v in enumerate(args)}


def _is_suspect(name: str, value: Any, message: str) -> bool:
    """Return whether the message names the argument, or its value does not fit the meaning of its name."""
    named = re.search(rf"\b{re.escape(name)}\b", message) and len(name) > 1
    return bool(named) or (role(name) in _NUMBERS and isinstance(value, (str, bool, type(None))))


def _listed(bound: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in bound.items())


def _branch_hint(row: Row, cls: Any, args: list[Any]) -> str:
    """Return a hint if parse_model has no branch for a class: it passes the row's arguments as they are written."""
    with suppress(TypeError, ValueError):
        first = next(iter(inspect.signature(cls).parameters), "")
        if role(first) == "input channels" and tuple(args) == row.args:
            return (
                f"parse_model has no branch for {row.module}: it passes the row's arguments as written, without the "
                f"input channels; its constructor is {row.module}{_signature(cls)}"
            )
    return ""


def _while_run(subject: Subject, error: BaseException, runner: FrameType, evidence: dict[str, Any]) -> Finding:
    """Explain an exception of a layer when upstream ran the new model once."""
    layer, given = runner.f_locals["m"], runner.f_locals.get("x")
    rows = subject.rows
    row = rows[layer.i]
    inputs = shapes(given)
    evidence |= {"layer": row.index, "class": row.module, "row": _row_text(row), "input_shapes": inputs}
    known = _no_map(subject, runner, row, inputs) or known_cause(None, error) or _empty_layer(subject, layer, row)
    if known:
        return failed(known.what, known.remedy, **evidence)
    names = " and ".join(f"{s} ({rows[s].module})" if s >= 0 else "the image" for s in row.sources)
    return failed(
        f"layer {row.index} ({row.module}) cannot process the output of layer {names}, shape "
        f"{' and '.join(map(str, inputs))}: {_message(error)}",
        _list_hint(row, error)
        or _axis_hint(row, error)
        or (_size_hint(subject, runner, error) if _JOINED.search(str(error)) else "")
        or _fraction_hint(subject, row)
        or _mismatch_hint(subject, runner, row, inputs, evidence)
        or _size_hint(subject, runner, error)
        or _fallback_hint(error, evidence),
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
        if isinstance(value, float) and role(name) in _NUMBERS:
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


def describe_empty(layer: Module, row: Row, empty: list[str], given: Mapping[str, Any], scale: str) -> Cause:
    """Say which part of a layer has no channels, and which division of its arguments gave 0.

    Args:
        layer: the layer.
        row: its row.
        empty: see `empty_parts`.
        given: what its constructor got.
        scale: a letter; "" for a file without scales.
    """
    zeros = zero_divisions(type(layer), given)
    part = f"{row.module}'s {empty[0]}" if empty[0] else row.module
    at_scale = f" at scale {scale}" if scale else ""
    why = f": {zeros[0]}" if zeros else ""
    return Cause(f"layer {row.index}: {part} has no channels{at_scale}{why}", _ZERO_HINT)


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


def _fallback_hint(error: BaseException, evidence: Mapping[str, Any]) -> str:
    """Return what to look at where nothing else is known."""
    if _SHAPES.search(str(error)) or not evidence["at"]:
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


def _elsewhere(subject: Subject, error: BaseException, evidence: dict[str, Any]) -> Finding:
    """Explain an exception before the first layer was made, or after the last."""
    try:
        data = subject.data
    except Exception:  # any error of reading the file: it is the one to explain
        data = {}
    if not data:
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return failed(f"{subject.cfg.name} is no model YAML: {text}", FIX_THE_FILE, **evidence)
    scales = data.get("scales")
    if scales and subject.scale and subject.scale not in scales:
        return failed(
            f"the file has no scale {subject.scale}: it has {', '.join(map(str, scales))}",
            f"ask for another with --scale, or add a row for {subject.scale} to its scales",
            **evidence,
        )
    measured = _unmeasured_head(error)
    if measured:
        return failed(measured.what, measured.remedy, **evidence)
    known = changed_in_place(error, lambda: subject.model, lambda: _go_back(subject)) or known_cause(None, error)
    if known:
        return failed(known.what, known.remedy, **evidence)
    return failed(
        f"it raised {type(error).__name__}: {_message(error)}",
        f"no layer is the cause; it happened at {evidence['at'] or 'a line outside the workspace'}",
        **evidence,
    )


def _go_back(subject: Subject) -> None:
    """Run a model in train mode, and go back through it, as when a module is tried."""
    model = subject.model.train()
    found = tensors(model(image(model, 2 * SIDE, batch=2)))
    torch.autograd.backward(sum((one.float().pow(2).mean() for one in found), start=torch.zeros(())))


def _unmeasured_head(error: BaseException) -> Cause | None:
    """Return what is wrong with a head that upstream ran to measure its strides, and that returned something else."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    maker = next((f for f in frames if f.f_code.co_name == "__init__" and _has_layers(f.f_locals.get("self"))), None)
    if maker is None:
        return None
    model: Any = maker.f_locals["self"]
    returned: list[object] = []
    head = model.model[-1]
    hook = head.register_forward_hook(lambda layer, args, output: returned.append(output))
    with torch.no_grad(), suppress(Exception):  # only what the head returns is needed
        model.train()(image(model, 2 * SIDE))
    hook.remove()
    if not returned:
        return None
    name, line = type(head).__name__, raised(None, error).line
    if any(frame.f_code.co_name in _SETTING_BIASES for frame in frames):
        return Cause(
            f"upstream cannot set the biases of layer {head.i} ({name}), which has other layers than its own head: "
            f"{line} raises {type(error).__name__}: {_message(error)}",
            f"give {name} the layers that this line reads, as upstream's own head has them, or edit the line: the "
            "posts of such heads say how",
        )
    return Cause(
        f"upstream cannot measure the strides of layer {head.i} ({name}): in training it returns {_form(returned[0])}, "
        f"and {line} raises {type(error).__name__}: {_message(error)}",
        f"let {name} return in training what upstream's own head returns, or edit that line: upstream takes the maps "
        "out of a tuple only for subclasses of its own heads that return one",
    )


def _has_layers(value: object) -> bool:
    """Return whether a value is a model whose layers are all made."""
    layers = getattr(value, "model", None)
    return isinstance(layers, nn.Sequential) and hasattr(layers[-1], "i")


def _form(value: object) -> str:
    """Return what a value is made of, in short: `tuple(list, Tensor)`."""
    kind = type(value).__name__
    if isinstance(value, Mapping):
        return f"{kind}({', '.join(map(str, value))})"
    if isinstance(value, (list, tuple)):
        return f"{kind}({', '.join(type(one).__name__ for one in value)})"
    return kind


def _message(error: BaseException) -> str:
    """Return the start of an exception's message."""
    return first_line(error)[:300]
