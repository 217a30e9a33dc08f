"""Explain why a model did not build: which layer, which argument, which line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...wire.messages import NotBuilt, UpstreamRequest
from ...wire.verification import History, VerifyRequest
from ..explain.raising import frames_of, line_in
from ..protocol.findings import Finding, failed
from ..protocol.refusal import ModelRefusal, Refusal
from ..upstreams.upstream import Upstream
from .failing.after import elsewhere
from .failing.made import while_made
from .failing.run import while_run
from .keys import wrong_key
from .subject import SIDE, Subject
from .wiring import forgotten_numbers

_UNKNOWN_CLASS = re.compile(r"asks for the class ([\w.]+), which parse_model does not know")
_RUNNERS = ("_predict_once", "_forward_once", "forward_once")  # upstream's loops over the layers


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
    frames = frames_of(error)
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
        return while_made(subject, error, parser, frames[-1], evidence)
    runner = next((f for f in reversed(frames) if f.f_code.co_name in _RUNNERS), None)
    if runner is not None and hasattr(runner.f_locals.get("m"), "i"):
        return while_run(subject, error, runner, evidence)
    return elsewhere(subject, error, evidence)


def _crooked_row(subject: Subject) -> str:
    """Say which row of the file has not the four parts of a row; empty where all have, or the file cannot be read."""
    try:
        parts = [subject.data.get(key) for key in ("backbone", "head")]
    except Exception:  # any error of reading the file; `elsewhere` explains it
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
        exception, unknown = found.evidence["exception"], _unknown_class(found)
        raise ModelRefusal(NotBuilt(cfg, found.summary, exception, at, found.hint, unknown)) from error


def _unknown_class(found: Finding) -> str:
    """Return the class that parse_model does not know, where that is why a model does not build; else ""."""
    match = _UNKNOWN_CLASS.search(found.summary)
    return match[1] if match else ""


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
