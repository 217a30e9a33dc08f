"""The plots of a comparison: which there are, what each shows, and how it was measured."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from yolopatch.core.compare import chart
from yolopatch.core.compare.chart import Axis, Bar, Line, Point, axis
from yolopatch.core.compare.rows import Method, Row

SIZE, LAYERS, TRAINING, CLASSES = "size", "layers", "training", "classes"

_SHEET = 40  # bars, with the room for names as two, that fit on a sheet of paper below each other
_LEFT_OUT = "Layers with none in any model are left out."


@dataclass(frozen=True)
class Plot:
    """A plot.

    Attributes:
        file: the name of its own file.
        group: SIZE, LAYERS, TRAINING or CLASSES.
        title: what it shows.
        how: how, and on what, it was measured.
        models: the numbers of the models in it, from 1.
        svg: the drawing.
        pieces: the drawing in pieces that fit on a sheet of paper, one below the other.
    """

    file: str
    group: str
    title: str
    how: str
    models: tuple[int, ...]
    svg: str
    pieces: tuple[str, ...]


def make_plots(rows: Sequence[Row], method: Method) -> tuple[Plot, ...]:
    """Return every plot that the figures of these models allow."""
    return (
        *_against_map(rows, method),
        *_of_layers(rows, method),
        *_of_training(rows),
        *_of_classes(rows),
    )


def _against_map(rows: Sequence[Row], method: Method) -> Iterator[Plot]:
    known = [(number, row, row.scores.map50_95) for number, row in enumerate(rows, 1) if row.scores]
    if not known:
        return
    images = f"{method.batch} image{'s' * (method.batch > 1)}"
    sources = [
        *(["measured here by upstream's own validation"] if any(row.evaluation for row in rows) else []),
        *(["read from a run's results.csv, of its best epoch"] if any(_is_read(row) for row in rows) else []),
    ]
    source = f"mAP50-95: {' or '.join(sources)}."
    yield _points(
        "parameters",
        "Parameters and mAP50-95",
        f"Parameters: of the model as it is built. {source}",
        [(number, row.name, Point(number, row.parameters / 1e6, value)) for number, row, value in known],
        "parameters, millions",
    )
    timed = [
        (number, row.name, Point(number, row.times.median, value, (row.times.low, row.times.high)))
        for number, row, value in known
        if row.times
    ]
    if timed:
        how = f"Latency: a fused forward of {images} of {method.imgsz} px in {method.precision}, median and quartiles."
        yield _points("latency", "Latency and mAP50-95", f"{how} {source}", timed, "latency, ms")


def _is_read(row: Row) -> bool:
    return row.metrics is not None and row.evaluation is None


def _points(name: str, title: str, how: str, shown: Sequence[tuple[int, str, Point]], label: str) -> Plot:
    found = [point for _, _, point in shown]
    ends = [end for point in found for end in (point.x, *(point.spread or ()))]
    alt = "; ".join(f"{number} {called}: {point.x:.3g}, mAP50-95 {point.y:.3f}" for number, called, point in shown)
    drawn = chart.points(found, axis(ends, label), axis([p.y for p in found], "mAP50-95"), f"{title}: {alt}")
    return Plot(f"plot-{name}.svg", SIZE, title, how, tuple(number for number, _, _ in shown), drawn, (drawn,))


def _of_layers(rows: Sequence[Row], method: Method) -> Iterator[Plot]:
    yield _bars(
        rows,
        "layer-parameters",
        "Parameters by layer",
        f"Counted in each layer of the model as it is built. {_LEFT_OUT}",
        [[(float(layer.parameters), thousands(layer.parameters)) for layer in row.by_layer] for row in rows],
    )
    yield _bars(
        rows,
        "layer-gflops",
        "True GFLOPs by layer",
        f"Of one image of {method.imgsz} px, counted by torch's FlopCounterMode in each layer as it is built. "
        f"{_LEFT_OUT}",
        [[(layer.gflops, f"{layer.gflops:.3g}") for layer in row.by_layer] for row in rows],
    )


def thousands(count: int) -> str:
    """Return a count in a few letters: `464`, `16.6k`, `1.25M`."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if count >= size * 0.9995:
            return f"{count / size:.3g}{letter}" if count < size * 999.5 else f"{count / size:.0f}{letter}"
    return str(count)


def _bars(rows: Sequence[Row], name: str, title: str, how: str, values: Sequence[Sequence[tuple[float, str]]]) -> Plot:
    most = max(map(len, values), default=0)
    shown = []
    for index in range(most):
        bars = [
            Bar(number, *(of_model[index] if index < len(of_model) else (None, "no such layer")))
            for number, of_model in enumerate(values, 1)
        ]
        if any(bar.value for bar in bars):
            shown.append((f"{index} {_classes(rows, index)}", bars))
    sums = "; ".join(
        f"{number} {row.name}: {len(of_model)} layers" for number, (row, of_model) in enumerate(zip(rows, values), 1)
    )
    models = tuple(range(1, len(rows) + 1))
    largest = max((bar.value for _, bars in shown for bar in bars if bar.value), default=0.0)
    drawn = chart.bars(shown, largest, f"{title}. {sums}. The tables below have the numbers.")
    at_once = max(1, _SHEET // (len(rows) + 2))
    pieces = [
        chart.bars(piece, largest, f"{title}: {piece[0][0]} to {piece[-1][0]}. The tables below have the numbers.")
        for piece in (shown[start : start + at_once] for start in range(0, len(shown), at_once))
    ]
    return Plot(f"plot-{name}.svg", LAYERS, title, how, models, drawn, tuple(pieces))


def _classes(rows: Sequence[Row], index: int) -> str:
    """Return the class of a layer; of all models where theirs differ."""
    return " / ".join(dict.fromkeys(row.by_layer[index].kind for row in rows if index < len(row.by_layer)))


def _of_training(rows: Sequence[Row]) -> Iterator[Plot]:
    known = [(number, row.name, row.curves) for number, row in enumerate(rows, 1) if row.curves]
    read = "Read from each run's results.csv, epoch by epoch."
    for name in dict.fromkeys(one for _, _, curves in known for one in curves.metrics):
        shown = [(number, called, curves.metrics[name]) for number, called, curves in known if name in curves.metrics]
        yield from _lines(
            name, f"{name} on the validation images", read, shown, lambda values: f"{max(values):.3f} at best"
        )
    for name in dict.fromkeys(one for _, _, curves in known for one in curves.losses):
        shown = [(number, called, curves.losses[name]) for number, called, curves in known if name in curves.losses]
        how = f"{read} Only losses of one kind of head and loss can be compared."
        yield from _lines(name, f"Loss: {name}", how, shown, lambda values: f"{values[-1]:.4g} at the end")


def _lines(
    name: str,
    title: str,
    how: str,
    shown: Sequence[tuple[int, str, Sequence[float]]],
    say: Callable[[Sequence[float]], str],
) -> Iterator[Plot]:
    finite = {number: [value for value in values if math.isfinite(value)] for number, _, values in shown}
    shown = [one for one in shown if finite[one[0]]]
    if not shown:
        return
    y = axis([value for number, _, _ in shown for value in finite[number]], name.partition(",")[0])
    longest = max(len(values) for _, _, values in shown)
    x = Axis(1, max(longest, 2), "epoch", counts=True)
    lines = [Line(number, list(enumerate(values, 1))) for number, _, values in shown]
    alt = "; ".join(
        f"{number} {called}: {len(values)} epochs, {say(finite[number])}" for number, called, values in shown
    )
    file = f"plot-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.svg"
    models = tuple(number for number, _, _ in shown)
    drawn = chart.lines(lines, x, y, f"{title}: {alt}")
    yield Plot(file, TRAINING, title, how, models, drawn, (drawn,))


def _of_classes(rows: Sequence[Row]) -> Iterator[Plot]:
    """Yield the precision-recall curves over all classes, then of each class, the one with most objects first."""
    known = [(number, row.name, row.evaluation) for number, row in enumerate(rows, 1) if row.evaluation]
    if not known:
        return
    first = known[0][2]
    how = (
        f"At IoU 0.5, by {first.coco.evaluator}, on {first.upstream.images} images of {PurePath(first.data).name}, "
        "with boxes from upstream's own validation."
    )
    curves = {number: [one.curve for one in evaluation.coco.classes] for number, _, evaluation in known}
    means = {
        number: [sum(precisions) / len(precisions) for precisions in zip(*every)] for number, every in curves.items()
    }
    of_all = [(number, called, means[number], evaluation.coco.ap50) for number, called, evaluation in known]
    yield _recall("plot-pr-all.svg", "All classes, the mean", how, of_all)
    for place, one in sorted(enumerate(first.coco.classes), key=lambda pair: -pair[1].objects):
        found = {number: evaluation.coco.classes[place] for number, _, evaluation in known}
        title = f"{first.names[one.number]}, {one.objects} object{'s' * (one.objects > 1)}"
        of_class = [(number, called, found[number].curve, found[number].ap50) for number, called, _ in known]
        yield _recall(f"plot-pr-{one.number}.svg", title, how, of_class)


def _recall(file: str, title: str, how: str, shown: Sequence[tuple[int, str, Sequence[float], float]]) -> Plot:
    lines = [Line(number, [(step / 100, value) for step, value in enumerate(curve)]) for number, _, curve, _ in shown]
    alt = "; ".join(f"{number} {called}: AP50 {ap50:.3f}" for number, called, _, ap50 in shown)
    x, y = Axis(0, 1, "recall"), Axis(0, 1.02, "precision")
    drawn = chart.lines(lines, x, y, f"Precision by recall: {title}. {alt}", numbered=False)
    return Plot(file, CLASSES, title, how, tuple(number for number, *_ in shown), drawn, (drawn,))
