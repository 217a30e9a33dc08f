"""Say why a model did not build: which layer, which argument, whose line."""

import difflib
import inspect
import re
import sys
from contextlib import suppress
from pathlib import Path
from traceback import walk_tb

from torch.nn import Module

from ..protocol.findings import failed
from ..protocol.plain_values import plain
from ..protocol.raising import first_line
from .arguments import Recorder, misread, role
from .subject import shapes

_RUNNERS = ("_predict_once", "_forward_once", "forward_once")  # upstream's loops over the layers
_NUMBERS = ("input channels", "channels", "repeats", "kernel", "stride", "groups", "dilation")


def explain(subject, error):
    """Return the failure of `build` for what building the model raised.

    The frames of the traceback tell: parse_model's own (the layer that it was making), or that of upstream's loop
    over the layers, which runs once while a model is built, to measure the strides.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    evidence = {"exception": f"{type(error).__name__}: {str(error)[:600]}", "at": _line_of(error, subject)}
    parser = next((f for f in frames if f.f_code.co_name == "parse_model"), None)
    if parser is not None and "args" in parser.f_locals:
        return _while_made(subject, error, parser, frames[-1], evidence)
    runner = next((f for f in reversed(frames) if f.f_code.co_name in _RUNNERS), None)
    if runner is not None and hasattr(runner.f_locals.get("m"), "i"):
        return _while_run(subject, error, runner, evidence)
    return _elsewhere(subject, error, evidence)


def _line_of(error, subject):
    """Return the deepest line of the traceback that lies in the workspace: file, line and function."""
    root = Path(subject.request.workspace).resolve()
    found = None
    for frame, line in walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_absolute() and file.resolve().is_relative_to(root):
            found = f"{file.resolve().relative_to(root).as_posix()}:{line} in {frame.f_code.co_name}"
    return found


def _while_made(subject, error, parser, deepest, evidence):
    """Explain what was raised while parse_model made a layer."""
    found = parser.f_locals
    row = subject.rows[found["i"]]
    evidence |= {"layer": row.index, "class": row.module, "row": _row_text(row)}
    if isinstance(found["m"], str):
        return _unknown_class(subject, row, evidence)
    missing = [s for s in row.sources if not -1 <= s < row.index]
    if missing:
        return failed(
            f"layer {row.index} ({row.module}) takes its input from layer {missing[0]}, which is not made before it",
            "mend the row's first entry: it counts from 0, or back from the row itself with negative numbers",
            **evidence,
        )
    evidence["passed"] = plain(found["args"])
    if deepest is parser or (deepest.f_back is parser and deepest.f_code.co_name == "<genexpr>"):
        return _not_called(error, row, found["m"], found["args"], evidence)
    return _not_constructed(error, row, found["m"], found["args"], evidence)


def _row_text(row):
    return f"{list(row.sources)}, {row.repeats}, {row.module}, {list(row.args)}"


def _unknown_class(subject, row, evidence):
    home = _home_of(subject, row.module)
    if home:
        hint = f"it is defined in {home}, but {Path(subject.upstream.file).name} does not import it"
    else:
        near = difflib.get_close_matches(row.module, _known(subject), n=3)
        hint = "apply its module to this workspace, or mend the name" + (f": {', '.join(near)}?" if near else "")
    return failed(
        f"layer {row.index} asks for the class {row.module}, which parse_model does not know", hint, **evidence
    )


def _home_of(subject, name):
    """Return the upstream's file that defines a class of this name, though parse_model does not see it."""
    package = subject.upstream.package
    for key, module in sorted(sys.modules.items()):
        found = getattr(module, name, None) if key.split(".")[0] == package else None
        if isinstance(found, type) and found.__module__ == key:
            return key.replace(".", "/") + ".py"
    return None


def _known(subject):
    """Return the names of the classes that parse_model can see."""
    seen = vars(subject.upstream.parser)
    return [name for name, value in seen.items() if isinstance(value, type) and issubclass(value, Module)]


def _not_called(error, row, cls, args, evidence):
    """Explain what parse_model raised itself: no constructor was entered."""
    evidence["constructor"] = _signature(cls)
    if isinstance(error, TypeError) and "__init__()" in str(error):
        return failed(
            f"layer {row.index}: {row.module} does not take {len(args)} arguments: {_message(error)}",
            _branch_hint(row, cls, args)
            or f"its constructor is {row.module}{_signature(cls)}, and parse_model passes {plain(args)}",
            **evidence,
        )
    return failed(
        f"layer {row.index} ({row.module}): parse_model could not make its arguments of {list(row.args)}: "
        f"{type(error).__name__}: {_message(error)}",
        f"its constructor is {row.module}{_signature(cls)}: mend the row, or the branch for it in parse_model",
        **evidence,
    )


def _not_constructed(error, row, cls, args, evidence):
    """Explain what a layer's constructor raised."""
    bound = _bound(cls, args)
    evidence["arguments"] = bound
    suspects = [f"{name}={value!r}" for name, value in bound.items() if _is_suspect(name, value, str(error))]
    blamed = f"{row.module} with {', '.join(suspects)}" if suspects else f"{row.module}({_listed(bound)})"
    return failed(
        f"layer {row.index}: {blamed} cannot be constructed: {type(error).__name__}: {_message(error)}",
        _branch_hint(row, cls, args) or f"mend that argument in the row {list(row.args)}, or the class's constructor",
        **evidence,
    )


def _signature(cls):
    try:
        return str(inspect.signature(cls))
    except (TypeError, ValueError):  # a class in C tells nobody
        return "(...)"


def _bound(cls, args):
    """Return the arguments by the names of the constructor's parameters."""
    try:
        return {k: plain(v) for k, v in inspect.signature(cls).bind(*args).arguments.items()}
    except (TypeError, ValueError):
        return {str(k): plain(v) for k, v in enumerate(args)}


def _is_suspect(name, value, message):
    """Tell whether the message names the argument, or the argument cannot be what its name says."""
    named = re.search(rf"\b{re.escape(name)}\b", message) and len(name) > 1
    return bool(named) or (role(name) in _NUMBERS and isinstance(value, (str, bool, type(None))))


def _listed(bound):
    return ", ".join(f"{name}={value!r}" for name, value in bound.items())


def _branch_hint(row, cls, args):
    """Say that parse_model has no branch for a class: it was given the row's arguments as they are written."""
    with suppress(TypeError, ValueError):
        first = next(iter(inspect.signature(cls).parameters), "")
        if role(first) == "input channels" and tuple(args) == row.args:
            return (
                f"parse_model has no branch for {row.module}: it passes the row's arguments as written, without the "
                f"input channels; its constructor is {row.module}{_signature(cls)}"
            )
    return ""


def _while_run(subject, error, runner, evidence):
    """Explain what a layer raised when upstream ran the new model once."""
    layer, given = runner.f_locals["m"], runner.f_locals.get("x")
    rows = subject.rows
    row = rows[layer.i]
    inputs = shapes(given)
    evidence |= {"layer": row.index, "class": row.module, "row": _row_text(row), "input_shapes": inputs}
    names = " and ".join(f"{s} ({rows[s].module})" if s >= 0 else "the image" for s in row.sources)
    return failed(
        f"layer {row.index} ({row.module}) cannot take what comes from layer {names}, shape "
        f"{' and '.join(map(str, inputs))}: {_message(error)}",
        _mismatch_hint(subject, row, inputs, evidence),
        **evidence,
    )


def _mismatch_hint(subject, row, inputs, evidence):
    """Say who is to blame for a mismatch: a class that parse_model passes by, or channels that it counts wrong."""
    recorder = Recorder()
    with recorder, suppress(Exception):  # the same error again: only the arguments are wanted now
        subject.build()
    rows = subject.rows
    for other in [row, *(rows[s] for s in row.sources if s >= 0)]:
        passed = recorder.given.get(other.index, {})
        evidence.setdefault("arguments", {})[other.index] = passed
        first = next(iter(passed), "")
        if role(first) == "input channels" and tuple(passed.values()) == other.args:
            return (
                f"parse_model has no branch for {other.module} (layer {other.index}): it passes the row's arguments "
                "as written, without the input channels, and takes its output to be its input's channels"
            )
    counted = next((v for k, v in recorder.given.get(row.index, {}).items() if role(k) == "input channels"), None)
    if len(inputs) == 1 and isinstance(counted, int) and counted != inputs[0][1]:
        return (
            f"parse_model counted {counted} channels from layer {row.sources[0]}, and it gives {inputs[0][1]}: mend "
            "the branch for its class in parse_model, or the class"
        )
    return _misread_hint(subject, recorder) or (
        "compare the shapes in the evidence: a stride, a padding or a row's from index is wrong"
    )


def _misread_hint(subject, recorder):
    """Name the first layer of another class than the base's that reads the same row otherwise than that."""
    if subject.found_base is None:
        return ""
    base_recorder = Recorder()
    with base_recorder, suppress(Exception):  # a base that does not build explains nothing
        subject.build(subject.base_data)
    rows, base_rows = subject.rows, subject.base_rows
    for own, base in enumerate(subject.alignment.base_of):
        if base is None or rows[own].module == base_rows[base].module or rows[own].args != base_rows[base].args:
            continue
        for place in misread(recorder.given.get(own, {}), base_recorder.given.get(base, {})):
            return (
                f"layer {own} ({rows[own].module}) reads {place['value']!r} as its {place['reads_as']}, which "
                f"{base_rows[base].module} reads as its {place['base_reads_as']}: write its row in its own order"
            )
    return ""


def _elsewhere(subject, error, evidence):
    """Explain what was raised before the first layer was made, or after the last."""
    try:
        data = subject.data
    except Exception:  # whatever reading the file raises: it is what is to be explained
        data = {}
    missing = [key for key in ("backbone", "head") if key not in data]
    if missing:
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return failed(
            f"{subject.cfg.name} is no model YAML: " + (f"it has no {missing[0]}" if data else said),
            "mend the file: it needs backbone and head, each a list of [from, repeats, module, arguments]",
            **evidence,
        )
    scales = data.get("scales")
    if scales and subject.scale and subject.scale not in scales:
        return failed(
            f"the file has no scale {subject.scale}: it has {', '.join(map(str, scales))}",
            f"ask for another with --scale, or add a row for {subject.scale} to its scales",
            **evidence,
        )
    return failed(
        f"it raised {type(error).__name__}: {_message(error)}",
        f"no layer is to blame; it happened at {evidence['at'] or 'a line outside the workspace'}",
        **evidence,
    )


def _message(error):
    """Return the beginning of what an error says."""
    return first_line(error)[:300]
