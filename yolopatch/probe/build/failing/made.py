"""What went wrong while parse_model made the layer of a row."""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from torch import nn
from torch.nn import Module

from ....wire.python.packages import OF_POST, how_to_get, how_to_install
from ...base.rows import Row
from ...explain.causes import known_cause
from ...explain.zero_sizes import zero_divisions
from ...protocol.findings import Finding, failed
from ...protocol.plain_values import plain
from ..arguments import role
from ..miscounted import is_the_bases, misled_by
from ..subject import Subject
from .words import NUMBERS, ZERO_HINT, message, row_text

_SEVERAL = re.compile(r"-?[\w.]+(?:\s+-?[\w.]+)+")  # values of a row without a comma between them


def while_made(
    subject: Subject, error: BaseException, parser: FrameType, deepest: FrameType, evidence: dict[str, Any]
) -> Finding:
    """Explain an exception that was raised while parse_model made a layer."""
    found = parser.f_locals
    row = subject.rows[found["i"]]
    evidence |= {"layer": row.index, "class": row.module, "row": row_text(row)}
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
            f"layer {row.index}: {row.module} does not take {len(args)} arguments: {message(error)}",
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
            f"{type(error).__name__}: {message(error)}",
            f"look at {evidence['at']}: not the layer is wrong, but the code there, or a branch before it",
            **evidence,
        )
    return failed(
        f"layer {row.index} ({row.module}): parse_model could not make its arguments from {list(row.args)}: "
        f"{type(error).__name__}: {message(error)}",
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
            f"layer {row.index} ({row.module}) cannot be constructed: {message(error)}",
            (how_to_get if _is_of_post(cls) else how_to_install)(error.name, sys.executable),
            **evidence,
        )
    zeros = zero_divisions(cls, bound)
    if zeros:
        return failed(
            f"layer {row.index} ({row.module}) cannot be constructed: {zeros[0]}: {type(error).__name__}: "
            f"{message(error)}",
            ZERO_HINT,
            **evidence,
        )
    misled = misled_by(subject, row, made)
    if misled:
        return failed(f"{misled.what}: {type(error).__name__}: {message(error)}", misled.remedy, **evidence)
    known = known_cause(None, error)
    if known:
        return failed(f"layer {row.index} ({row.module}) cannot be constructed: {known.what}", known.remedy, **evidence)
    suspects = [f"{name}={value!r}" for name, value in bound.items() if _is_suspect(name, value, str(error))]
    blamed = f"{row.module} with {', '.join(suspects)}" if suspects else f"{row.module}({_listed(bound)})"
    return failed(
        f"layer {row.index}: {blamed} cannot be constructed: {type(error).__name__}: {message(error)}",
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
    return bool(named) or (role(name) in NUMBERS and isinstance(value, (str, bool, type(None))))


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
