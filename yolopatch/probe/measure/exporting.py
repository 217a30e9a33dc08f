"""Upstream's own export of a model, and how far what the exported file says lies from the model itself."""

import copy
import importlib
import logging
import math
import re
import time
import warnings
from contextlib import contextmanager
from importlib.util import find_spec
from inspect import getsourcefile, getsourcelines
from pathlib import Path

import torch

from ..protocol.findings import failed, passed, skipped, warned
from ..tensors.tensors import is_finite, tensors
from ..thresholds import BLIND_EXPORT, EXPORT_NOISE, EXPORT_ROUNDINGS, SAME_EXPORT

# What the ONNX exporters of torch import; a module of the user's that is missing is no reason to skip.
_TOOLS = ("onnx", "onnxscript", "onnx_ir")
_MISSING = re.compile(r"No module named '?(\w+)|[Mm]odule (\w+) is not installed")
_OPERATOR = re.compile(r"[Oo]perator:? *'?(\w+::\w+)|No Op registered for (\w+)|Python function call '(\w+)'")
_FAILURE = "export failure"  # how v6.1's log begins a failure that it then swallows
_EXPORTER = "engine.exporter"


@torch.no_grad()
def check_export(subject, form, title, run):
    """Export by upstream's own code, and compare the file's outputs with the model's on images not traced.

    Args:
        subject: see Subject.
        form: upstream's name of the format.
        title: the format's name for people.
        run: takes the exported file and a list of images; returns the file's outputs, a list of tensors for each.

    Returns:
        the finding: failed where the export, the file or the outputs do; warned where the outputs agree though a new
        class left the trace; skipped where a tool is missing.
    """
    begun = time.perf_counter()
    try:
        with _tracer_heard() as heard:
            file = export(subject, form)
    except Exception as error:  # whatever upstream's exporter, torch's or the model's code raises
        return _not_exported(title, error)
    seconds = round(time.perf_counter() - begun, 2)
    evidence = {"side": subject.side, "megabytes": round(file.stat().st_size / 1e6, 2), "seconds": seconds}
    try:
        return _compared(subject, title, file, run, {**evidence, "frozen": _frozen(subject, heard)})
    finally:
        file.unlink(missing_ok=True)  # hundreds of megabytes for the large scales


def _not_exported(title, error):
    text = _whole_text(error)
    tool = next((a or b for a, b in _MISSING.findall(text) if (a or b) in _TOOLS), None)
    if tool:
        return skipped(f"upstream's export to {title} needs {tool}, which is not installed", f"install {tool}")
    operators = sorted({next(filter(None, found)) for found in _OPERATOR.findall(text)})
    named = f" ({', '.join(operators)})" if operators else ""
    return failed(
        f"upstream's own export to {title} fails{named}: {_beginning(text)}",
        "write what the message names in operators that the format has",
        operators=operators,
        error=text[:2000],
    )


def _compared(subject, title, file, run, evidence):
    # The exporters trace an image of zeros. These are of those that the norms were calibrated with: on others the
    # scores of a deep untrained model saturate, which hides differences.
    images = subject.calibration_images[:2].split(1)
    expected = [_expected(subject, x) for x in images]
    if not is_finite(expected):
        return skipped(f"exported to {title}, but not compared: the model's own outputs are not finite", **evidence)
    try:
        outputs = run(file, [x.clone() for x in images])
    except ImportError as error:
        return skipped(f"exported to {title}, but not compared: {error.name} is not installed here", **evidence)
    except Exception as error:  # whatever the format's runtime raises
        text = _whole_text(error)
        hint = "what the file holds is not what the runtime takes: see the message"
        return failed(f"the exported {title} file does not run: {_beginning(text)}", hint, error=text[:2000])
    distances = [_distance(subject, *pair) for pair in zip(outputs, expected)]
    evidence["distances"] = [d if math.isfinite(d) else None for d in distances]
    return _judged(subject, title, images, expected, max(distances), evidence)


def _judged(subject, title, images, expected, worst, evidence):
    tolerance = evidence["tolerance"] = SAME_EXPORT
    if SAME_EXPORT < worst < math.inf:
        evidence["rounding"] = max(_rounding(subject, x, known) for x, known in zip(images, expected))
        tolerance = evidence["tolerance"] = max(SAME_EXPORT, evidence["rounding"] * EXPORT_ROUNDINGS)
    if worst > tolerance:
        apart = f"by {worst:.2g} of their size" if worst < math.inf else "in shape or in being finite"
        frozen = ", ".join(evidence["frozen"]) or "see also fuse"
        return failed(
            f"the exported {title} model's outputs differ from the model's, {apart}",
            f"the trace froze something that depends on the image: {frozen}",
            **evidence,
        )
    if tolerance > BLIND_EXPORT:
        return skipped(
            f"exported to {title}, but not compared: float32 rounding alone moves this model's outputs by"
            f" {evidence['rounding']:.2g} of their size",
            "an untrained deep model amplifies it: verify it at a smaller scale",
            **evidence,
        )
    told = f"exported, and equal to the model within {worst:.1g} on other images"
    if worst > SAME_EXPORT:
        told += f", about what rounding makes in so deep an untrained model ({evidence['rounding']:.1g})"
    if evidence["frozen"]:
        return warned(
            f"{told}, but the trace froze what is decided or computed outside torch at {', '.join(evidence['frozen'])}",
            "an image may come for which it is not so: write it in torch's operators",
            **evidence,
        )
    return passed(told, **evidence)


def _rounding(subject, x, expected):
    """How far outputs move when the image does by what float32 rounds off in a layer or ten.

    Zero for a model that answers differently each time: that is no rounding.
    """
    if _distance(subject, _expected(subject, x)[:1], expected) > SAME_EXPORT:
        return 0.0
    generator = torch.Generator().manual_seed(5)
    noise = 2 * torch.rand(x.shape, generator=generator).to(x) - 1
    return _distance(subject, _expected(subject, x * (1 + EXPORT_NOISE * noise))[:1], expected)


@contextmanager
def _tracer_heard():
    """Hear what torch's tracer warns of, which upstream's exporters filter out."""
    with warnings.catch_warnings(record=True) as heard, _replaced(warnings, filterwarnings=lambda *_, **__: None):
        warnings.simplefilter("always")
        yield heard


def _frozen(subject, heard):
    """Return the lines of new classes, `file:line`, at which a tensor became a Python value while being traced."""
    lines = {(w.filename, w.lineno) for w in heard if issubclass(w.category, torch.jit.TracerWarning)}
    found = set()
    for new in subject.new_classes:
        file, inside = _place(new)
        found |= {f"{Path(name).name}:{line}" for name, line in lines if line in inside and name == file}
    return sorted(found)


def _place(new):
    try:
        source, first = getsourcelines(new)
    except (OSError, TypeError):  # a class that was made while running has no source
        return None, ()
    return getsourcefile(new), range(first, first + len(source))


def export(subject, form):
    """Export the calibrated model, batch 1, and return the file; raise what upstream's code raises."""
    if subject.upstream.style == "ultralytics":
        return _export_ultralytics(subject, form)
    return _export_yolov5(subject, form)


def _export_ultralytics(subject, form):
    """Call upstream's Exporter as `Model.export` does; it copies, fuses and runs the model itself."""
    exporter = importlib.import_module(f"{subject.upstream.package}.{_EXPORTER}")
    model = copy.copy(subject.calibrated)  # shallow: what is set here is set on this one only
    model.task = subject.upstream.task(subject.data)  # as `YOLO` does once the model is built
    model.pt_path = str(subject.folder / "exported.pt")  # the file is put beside it
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
        return subject.folder / exporter.Exporter(overrides=overrides)(model=model)


def _export_yolov5(subject, form):
    """Call upstream's `export.run` on the model itself instead of a checkpoint's; raise what it only logs."""
    if form == "onnx":
        importlib.import_module("onnx")  # v6.1 would install it
    export = importlib.import_module(f"{subject.upstream.prefix}export")
    model = copy.deepcopy(subject.calibrated).float().fuse().eval()
    model.nc = subject.classes  # as train.py does once the model is built
    log = _Failures()
    with (
        _logged_by(export.LOGGER, log),
        _replaced(
            export,
            attempt_load=lambda *_, **__: model,
            select_device=lambda *_, **__: subject.device,
            check_requirements=_installs_nothing,
        ),
    ):
        files = export.run(weights=subject.folder / "exported.pt", imgsz=(subject.side,) * 2, include=(form,))
    if not files:
        raise RuntimeError(log.text or "it says no reason")
    return subject.folder / files[0]


def _installs_nothing(*_, **__):
    """Stand in for upstream's check of requirements, which would install what is missing."""
    return True


@contextmanager
def _replaced(module, **functions):
    before = {name: getattr(module, name) for name in functions}
    vars(module).update(functions)
    try:
        yield
    finally:
        vars(module).update(before)


@contextmanager
def _logged_by(logger, handler):
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Failures(logging.Handler):
    """Keeps the reason for which v6.1's export gave up."""

    def __init__(self):
        super().__init__()
        self.text = ""

    def emit(self, record):
        _, found, reason = record.getMessage().partition(_FAILURE)
        if found:
            self.text = reason.lstrip(": ")


def _expected(subject, x):
    """Return every tensor that the model itself returns for an image."""
    with _full_precision():
        return [t.float().cpu() for t in tensors(subject.calibrated(x))]


def _distance(subject, outputs, expected):
    """How far the outputs of the exported file lie from the model's own, each relative to its channel's size."""
    axis = 1 if subject.upstream.style == "ultralytics" else -1
    first, *others = [t.float().cpu() for t in outputs]
    if getattr(subject.calibrated.model[-1], "end2end", False):
        return round(_rows_apart(first[0], expected[0][0]), 9)
    distances = [_channels_apart(first, expected[0], axis)]
    for found in others:  # raw maps or masks, which the export may order in another way
        distances.append(min(_channels_apart(found, other, axis) for other in expected[1:] or expected))
    return round(max(distances), 9)


@contextmanager
def _full_precision():
    """Compute convolutions and products in float32 on a GPU, too: TF32 alone moves outputs by a thousandth."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def _channels_apart(found, expected, axis):
    """The largest difference relative to its channel: boxes are in pixels, scores of a fresh head near zero."""
    if found.shape != expected.shape or not is_finite(found):
        return float("inf")
    others = [d for d in range(expected.dim()) if d != axis % expected.dim()]
    size = torch.maximum(found.abs(), expected.abs()).amax(others, keepdim=True).clamp_min(1e-12)
    return float(((found - expected).abs() / size).max())


def _rows_apart(found, expected):
    """Compare the best detections, rows of (box, score, class), as sets.

    They are sorted by score and cut to the best: float noise swaps rows and decides which one is the last. A row's
    distance is that to the nearest row of its class, or, if less, the change of score by which it would be cut.
    """
    if found.shape != expected.shape or not is_finite(found):
        return float("inf")
    boxes, best = expected[:, :4].abs().max().clamp_min(1e-12), expected[:, 4].max().clamp_min(1e-12)
    scaled = [torch.cat((rows[:, :4] / boxes, rows[:, 4:5] / best, rows[:, 5:]), 1) for rows in (found, expected)]
    apart = (scaled[0][:, None] - scaled[1][None]).abs().amax(-1)
    misses = []
    for rows, nearest in zip(scaled, (apart.amin(1), apart.amin(0))):
        above_cut = rows[:, 4] - rows[:, 4].min()
        misses.append(torch.minimum(nearest, above_cut).max())
    scores = (scaled[0][:, 4].sort()[0] - scaled[1][:, 4].sort()[0]).abs().max()
    return float(max(*misses, scores))


def _whole_text(error):
    """An exception's message and those of its causes."""
    texts = []
    while error is not None:
        texts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__
    return "\n".join(texts)


def _beginning(text):
    """The beginning of a message, in one line: torch begins some with an empty one."""
    return " ".join(text.split())[:200]
