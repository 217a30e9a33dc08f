"""How, and on what, the figures of a comparison were measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from yolopatch.core.compare.evaluation import LARGE, MOST_BOXES, SMALL, Evaluation
from yolopatch.core.compare.rows import Method, Row

_PAIRS_ONCE = "yolov5"


def describe(method: Method, rows: Sequence[Row]) -> list[str]:
    """Return sentences that say how and on what each figure was measured."""
    images = f"{method.batch} image{'s' * (method.batch > 1)}"
    found = [
        "Layers and parameters: as upstream prints them for the model as it is built, before fuse().",
        f"GFLOPs: of one image of {method.imgsz} px as built, counted by torch's FlopCounterMode; "
        "thop: what upstream prints.",
        f"Latency: a forward of {images} of {method.imgsz} px in {method.precision}, after upstream's fuse(), in eval "
        "without gradients and without reading images or NMS; median and quartiles. FPS: by the median.",
        "Memory: the peak of all tensors of this forward, weights included; not what torch's operators need inside.",
        *_processes(method),
    ]
    found += _evaluated(method, rows)
    trained = [(row.name, row.metrics) for row in rows if row.metrics and not row.evaluation]
    if trained:
        epochs = ", ".join(f"{name} {one.epoch} of {one.epochs}" for name, one in trained)
        found.append(
            "Precision, recall and mAP: of boxes, read from the run's results.csv and not measured here; of the epoch "
            f"with the highest mAP50-95: {epochs}."
        )
        data = ", ".join(f"{name} {one.data or 'unknown'}" for name, one in trained)
        found.append(f"Data of these runs: {data}.")
    return found


def _evaluated(method: Method, rows: Sequence[Row]) -> Iterator[str]:
    """Yield how the accuracy was measured: by whom, on what, and why the two who measured it differ."""
    measured = {row.name: row.evaluation for row in rows if row.evaluation}
    if not measured:
        return
    first = next(iter(measured.values()))
    upstream, coco = first.upstream, first.coco
    yield (
        "Precision, recall, mAP50 and mAP50-95: measured here by upstream's own validation of each workspace, on the "
        f"{upstream.images} images and {first.objects} objects of val of {first.data}, without the time limit of its "
        f"NMS, which leaves out images on a slow machine. {_ways(measured)}."
    )
    yield (
        f"COCO: {coco.evaluator} on the same boxes and objects, the best {MOST_BOXES} boxes of an image. Small: "
        f"below {SMALL} x {SMALL} px of the image file, large: above {LARGE} x {LARGE}, by the box's area, because "
        "YOLO's labels have no masks."
    )
    yield (
        "Upstream's mAP and COCO's AP differ: between two points of the precision-recall curve, and from the last one "
        "to recall 1, upstream draws a line, COCO's evaluator a step. Of several boxes on an object upstream counts "
        "the one that overlaps most, COCO's evaluator the one with the highest score."
    )
    pairs_once = [name for name in measured if method.process_of(name).pin.startswith(_PAIRS_ONCE)]
    if pairs_once:
        yield (
            f"{', '.join(pairs_once)}: {_PAIRS_ONCE} pairs an object with one box for all IoU thresholds: of those "
            "from IoU 0.5, the one with the highest score. This lowers its mAP50-95."
        )


def _ways(measured: Mapping[str, Evaluation]) -> str:
    """Return the options of the validations, each with the models that it was done with."""
    ways: dict[str, list[str]] = {}
    for name, one in measured.items():
        own = one.upstream
        overlap = "without NMS" if own.overlap is None else f"NMS at IoU {own.overlap:g}"
        precision = "float16" if own.half else "float32"
        boxes = f"scores from {own.confidence:g}, {overlap}, {own.most} boxes an image at most"
        way = f"{precision}, batches of {own.batch}, {boxes}"
        ways.setdefault(way, []).append(name)
    return "; ".join(f"{', '.join(names)}: {way}" for way, names in ways.items())


def _processes(method: Method) -> list[str]:
    ran = [f"{', '.join(one.models)}: {one.code}, {one.place}, {one.rounds} rounds" for one in method.processes]
    if len(ran) == 1:
        return [f"Measured in one process, one model after the other in each round. {ran[0]}."]
    return [
        "Measured in one process for each workspace, one after the other, so that a change of the machine in between "
        f"shows as a difference: {'; '.join(ran)}."
    ]
