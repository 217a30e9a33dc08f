"""Export a model by upstream's own code, and measure how far the exported file's outputs are from the model's."""

from __future__ import annotations

import copy
import importlib
import logging
import math
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ...wire.statuses import FAIL
from ..build.subject import Subject
from ..explain.causes import cause_of
from ..protocol.findings import Finding, failed, passed, skipped, warned
from ..tensors.tensors import image_channels, is_finite, tensors
from ..thresholds import BLIND_EXPORT, EXPORT_NOISE, EXPORT_ROUNDINGS, LEAST_SCORE, SAME_EXPORT
from .frozen_values import frozen_lines, tracer_warnings

if TYPE_CHECKING:
    Run = Callable[[Path, list[Tensor]], list[list[Tensor]]]

# torch's ONNX exporters import these; only for them does a missing module skip the check.
_TOOLS = ("onnx", "onnxscript", "onnx_ir")
_MISSING = re.compile(r"No module named '?(\w+)|[Mm]odule (\w+) is not installed")
_OPERATOR = re.compile(
    r"(?:[Oo]perator|namespace):? *'?(\w+::\w+)|No Op registered for (\w+)|Python function call '(\w+)'"
)
# what torch runs instead of attention's own operators in eval mode, where the images come first
_SHORT_WAY = re.compile(r"aten::_(native_multi_head_attention|transformer_encoder_layer_fwd)")
_FAILURE = "export failure"  # the start of v6.1's log line for an error that it does not raise
_EXPORTER = "engine.exporter"


@torch.no_grad()
def check_export(subject: Subject, form: str, title: str, run: Run) -> Finding:
    """Export by upstream's own code, and compare the file's outputs with the model's on images that were not traced.

    Args:
        subject: the model under verification.
        form: upstream's name of the format.
        title: the format's name in messages.
        run: takes the exported file and a list of images; returns the file's outputs, a list of tensors for each image.

    Returns:
        the finding: failed if the export fails, the file does not run or the outputs differ; warned if the outputs are
        equal but a new class computes something outside the trace; skipped if a tool is missing, or if this release
        traces images of other channels than the model's.
    """
    with _channels_given(subject) as given:
        found = _check_export(subject, form, title, run)
    wanted = image_channels(subject.model)
    others = sorted(set(given) - {wanted})
    if found.status != FAIL or not others:
        return found
    return skipped(
        f"upstream's own export to {title} gives the model images of {others[0]} channels, and the file's have "
        f"{wanted}",
        "this release exports no such model: the module is not to blame",
    )


@contextmanager
def _channels_given(subject: Subject) -> Iterator[list[int]]:
    """Give a list to which the number of channels of each image is added that the model, or a copy of it, gets."""
    found: list[int] = []

    def keep(layer: object, args: tuple[Any, ...]) -> None:
        # the exporters run the model before they trace it; in a trace a size is a tensor
        if not torch._C._get_tracing_state():
            found.extend(t.shape[1] for t in tensors(args) if t.dim() == 4)

    hook = subject.calibrated.model[0].register_forward_pre_hook(keep)
    try:
        yield found
    finally:
        hook.remove()


def _check_export(subject: Subject, form: str, title: str, run: Run) -> Finding:
    begun = time.perf_counter()
    try:
        with tracer_warnings() as heard, _replaced(warnings, filterwarnings=lambda *_, **__: None):
            file = export(subject, form)
    except Exception as error:  # upstream's exporter, torch's or the model's code may raise anything
        return _not_exported(subject, title, error)
    seconds = round(time.perf_counter() - begun, 2)
    evidence = {"side": subject.side, "megabytes": round(file.stat().st_size / 1e6, 2), "seconds": seconds}
    try:
        return _compared(subject, title, file, run, {**evidence, "frozen": frozen_lines(subject, heard)})
    finally:
        file.unlink(missing_ok=True)  # hundreds of megabytes for the large scales


def _not_exported(subject: Subject, title: str, error: Exception) -> Finding:
    text = _whole_text(error)
    tool = next((a or b for a, b in _MISSING.findall(text) if (a or b) in _TOOLS), None)
    if tool:
        return skipped(f"upstream's export to {title} needs {tool}, which is not installed", f"install {tool}")
    operators = sorted({next(filter(None, found)) for found in _OPERATOR.findall(text)})
    named = f" ({', '.join(operators)})" if operators else ""
    if operators or type(error).__module__.startswith("torch.onnx"):  # no line of the model is to blame
        told, hint = _beginning(text), _remedy(operators)
    else:
        cause = cause_of(None, error, subject.model)
        told, hint = cause.what, cause.remedy
    return failed(
        f"upstream's own export to {title} fails{named}: {told}", hint, operators=operators, error=text[:2000]
    )


def _remedy(operators: Sequence[str]) -> str:
    """Return what to do about operators that the format does not have."""
    if operators and all(map(_SHORT_WAY.fullmatch, operators)):
        return (
            "torch takes a short way through attention in eval mode, which the format does not have: make the layer "
            "with batch_first=False, and give it a tensor of (pixels, images, channels)"
        )
    return "write the part that the message names with operators that the format has"


def _compared(subject: Subject, title: str, file: Path, run: Run, evidence: dict[str, Any]) -> Finding:
    # The exporters trace an image of zeros. The norms were calibrated with these images: on others the scores of a deep
    # untrained model saturate, which hides differences.
    images = subject.calibration_images[:2].chunk(2)
    expected = [_expected(subject, x) for x in images]
    if not is_finite(expected):
        return skipped(f"exported to {title}, but not compared: the model's own outputs are not finite", **evidence)
    try:
        outputs = run(file, [x.clone() for x in images])
    except ImportError as error:
        return skipped(f"exported to {title}, but not compared: {error.name} is not installed here", **evidence)
    except Exception as error:  # the format's runtime may raise anything
        text = _whole_text(error)
        hint = "the runtime does not support what the file holds: see the message"
        return failed(f"the exported {title} file does not run: {_beginning(text)}", hint, error=text[:2000])
    distances = [_distance(subject, *pair) for pair in zip(outputs, expected)]
    evidence["distances"] = [d if math.isfinite(d) else None for d in distances]
    return _judged(subject, title, images, expected, max(distances), evidence)


def _judged(
    subject: Subject,
    title: str,
    images: Sequence[Tensor],
    expected: list[list[Tensor]],
    worst: float,
    evidence: dict[str, Any],
) -> Finding:
    tolerance = evidence["tolerance"] = SAME_EXPORT
    if SAME_EXPORT < worst < math.inf:
        evidence["rounding"] = max(_rounding(subject, x, known) for x, known in zip(images, expected))
        tolerance = evidence["tolerance"] = max(SAME_EXPORT, evidence["rounding"] * EXPORT_ROUNDINGS)
    if worst > tolerance:
        difference = f"by {worst:.2g} of their size" if worst < math.inf else "in shape or in being finite"
        frozen = ", ".join(evidence["frozen"]) or "see also fuse"
        return failed(
            f"the exported {title} model's outputs differ from the model's, {difference}",
            _other_forward(subject) or f"the trace keeps a value that depends on the image: {frozen}",
            **evidence,
        )
    if tolerance > BLIND_EXPORT:
        return skipped(
            f"exported to {title}, but not compared: float32 rounding alone moves this model's outputs by"
            f" {evidence['rounding']:.2g} of their size",
            "an untrained deep model amplifies it: verify it at a smaller scale",
            **evidence,
        )
    summary = f"exported, and equal to the model within {worst:.1g} on other images"
    if worst > SAME_EXPORT:
        summary += f", about as much as rounding changes in such a deep untrained model ({evidence['rounding']:.1g})"
    if evidence["frozen"]:
        return warned(
            f"{summary}, but the trace keeps values that are computed outside torch at {', '.join(evidence['frozen'])}",
            "for another image they may be wrong: write that code with torch's operators",
            **evidence,
        )
    return passed(summary, **evidence)


def _other_forward(subject: Subject) -> str:
    """Return a hint where upstream's exporter runs another method than a module's own forward; empty for none.

    It puts `forward_split` in the place of `forward` for each C2f. A class that inherits from C2f, and brings only a
    forward of its own, loses it so.
    """
    for index in subject.replaced:
        for module in subject.calibrated.model[index].modules():
            if not hasattr(module, "forward_split"):
                continue
            homes = {name: _home(type(module), name) for name in ("forward", "forward_split")}
            if homes["forward"] is not homes["forward_split"]:
                cls, other = homes["forward"].__name__, homes["forward_split"].__name__
                return (
                    f"upstream's exporter runs forward_split in the place of forward, and {cls} has its own forward, "
                    f"but the forward_split of {other}: give {cls} a forward_split that does the same as its forward"
                )
    return ""


def _home(cls: type, name: str) -> type:
    """Return the class that defines a method of another."""
    return next(one for one in cls.__mro__ if name in vars(one))


def _rounding(subject: Subject, x: Tensor, expected: list[Tensor]) -> float:
    """Return how far outputs change when the image changes by as much as float32 rounds in one to ten layers.

    Zero for a model that returns another result each time: that is no rounding.
    """
    if _distance(subject, _expected(subject, x)[:1], expected) > SAME_EXPORT:
        return 0.0
    generator = torch.Generator().manual_seed(5)
    noise = 2 * torch.rand(x.shape, generator=generator).to(x) - 1
    return _distance(subject, _expected(subject, x * (1 + EXPORT_NOISE * noise))[:1], expected)


def export(subject: Subject, form: str) -> Path:
    """Export the calibrated model, batch 1, and return the file. Raises any error of upstream's code."""
    if subject.upstream.style == "ultralytics":
        return _export_ultralytics(subject, form)
    return _export_yolov5(subject, form)


def _export_ultralytics(subject: Subject, form: str) -> Path:
    """Call upstream's Exporter as `Model.export` does; it copies, fuses and runs the model itself."""
    exporter = importlib.import_module(f"{subject.upstream.prefix}{_EXPORTER}")
    model = copy.copy(subject.calibrated)  # shallow: the attributes below are set on the copy only
    model.task = subject.upstream.task(subject.data)  # as `YOLO` does once the model is built
    model.pt_path = str(subject.folder / "exported.pt")  # upstream writes the file into the same folder
    overrides = {
        "format": form,
        "imgsz": subject.side,
        "batch": 1,
        "data": None,
        "device": subject.device,
        "verbose": False,
        "mode": "export",
    }
    if find_spec("onnxslim") is None:
        overrides["simplify"] = False
    with _replaced(exporter, check_requirements=_installs_nothing):
        name: str = exporter.Exporter(overrides=overrides)(model=model)
    return subject.folder / name


def _export_yolov5(subject: Subject, form: str) -> Path:
    """Call upstream's `export.run` on the model instead of a checkpoint; raise the errors that it only logs."""
    if form == "onnx":
        importlib.import_module("onnx")  # v6.1 would install it
    exporter = importlib.import_module(f"{subject.upstream.prefix}export")
    model = copy.deepcopy(subject.calibrated).float().fuse().eval()
    model.nc = subject.classes  # as train.py does once the model is built
    log = _Failures()
    with (
        _logged_by(exporter.LOGGER, log),
        _replaced(
            exporter,
            attempt_load=lambda *_, **__: model,
            select_device=lambda *_, **__: subject.device,
            check_requirements=_installs_nothing,
        ),
    ):
        files: list[str] = exporter.run(
            weights=subject.folder / "exported.pt", imgsz=(subject.side,) * 2, include=(form,)
        )
    if not files:
        raise RuntimeError(log.text or "upstream logged no reason")
    return subject.folder / files[0]


def _installs_nothing(*_: object, **__: object) -> bool:
    """Replace upstream's check of requirements, which would install missing packages."""
    return True


@contextmanager
def _replaced(module: ModuleType, **functions: Callable[..., Any]) -> Iterator[None]:
    """Replace functions of a module for a while."""
    before = {name: getattr(module, name) for name in functions}
    vars(module).update(functions)
    try:
        yield
    finally:
        vars(module).update(before)


@contextmanager
def _logged_by(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Failures(logging.Handler):
    """Keeps the error that v6.1's export logged."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        _, found, reason = record.getMessage().partition(_FAILURE)
        if found:
            self.text = reason.lstrip(": ")


def _expected(subject: Subject, x: Tensor) -> list[Tensor]:
    """Return every tensor that the model itself returns for an image."""
    return [t.float().cpu() for t in tensors(subject.calibrated(x))]


def _distance(subject: Subject, outputs: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    """Return how far the exported file's outputs are from the model's, each relative to the size of its channel."""
    axis = 1 if subject.upstream.style == "ultralytics" else -1
    first, *others = [t.float().cpu() for t in outputs]
    if getattr(subject.calibrated.model[-1], "end2end", False):
        return round(_row_distance(first[0], expected[0][0]), 9)
    distances = [_channel_distance(first, expected[0], axis)]
    for found in others:  # raw maps or masks; the export may return them in another order
        distances.append(min(_channel_distance(found, other, axis) for other in expected[1:] or expected))
    return round(max(distances), 9)


def _channel_distance(found: Tensor, expected: Tensor, axis: int) -> float:
    """Return the largest difference relative to its channel: boxes are in pixels, a fresh head's scores near zero.

    A channel of values below LEAST_SCORE counts as if it reached that.
    """
    if found.shape != expected.shape or not is_finite(found):
        return float("inf")
    others = [d for d in range(expected.dim()) if d != axis % expected.dim()]
    size = torch.maximum(found.abs(), expected.abs()).amax(others, keepdim=True).clamp_min(LEAST_SCORE)
    return float(((found - expected).abs() / size).max())


def _row_distance(found: Tensor, expected: Tensor) -> float:
    """Compare the best detections, rows of (box, score, class), as sets.

    They are sorted by score, and only the best are kept: rounding swaps rows and decides which row is the last. The
    distance of a row is that to the nearest row of its class, or, if less, to the score below which rows are dropped.
    """
    if found.shape != expected.shape or not is_finite(found):
        return float("inf")
    boxes, best = expected[:, :4].abs().max().clamp_min(1e-12), expected[:, 4].max().clamp_min(1e-12)
    scaled = [torch.cat((rows[:, :4] / boxes, rows[:, 4:5] / best, rows[:, 5:]), 1) for rows in (found, expected)]
    distances = (scaled[0][:, None] - scaled[1][None]).abs().amax(-1)
    misses = []
    for rows, nearest in zip(scaled, (distances.amin(1), distances.amin(0))):
        above_cut = rows[:, 4] - rows[:, 4].min()
        misses.append(torch.minimum(nearest, above_cut).max())
    scores = (scaled[0][:, 4].sort()[0] - scaled[1][:, 4].sort()[0]).abs().max()
    return float(max(*misses, scores))


def _whole_text(error: BaseException | None) -> str:
    """Return the messages of an exception and of its causes."""
    texts = []
    while error is not None:
        texts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__
    return "\n".join(texts)


def _beginning(text: str) -> str:
    """Return the start of a message in one line: some of torch's messages start with an empty line."""
    return " ".join(text.split())[:200]
