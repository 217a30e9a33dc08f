"""Draw a training: its losses and its mAP50 by epoch, from upstream's results.csv."""

import csv
from pathlib import Path

_MAP50 = ("metrics/mAP50(B)", "metrics/mAP_0.5")  # ultralytics, yolov5


def draw_curves(results, file):
    """Write a picture with the training losses on the left and mAP50 on the right.

    Args:
        results: upstream's results.csv.
        file: the picture, a .png.
    """
    import matplotlib

    matplotlib.use("Agg")  # no screen is needed
    from matplotlib.figure import Figure

    rows = [{key.strip(): float(value) for key, value in row.items()} for row in _rows(results)]
    epochs = range(1, len(rows) + 1)
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in (name for name in rows[0] if name.startswith("train/")):
        left.plot(epochs, [row[name] for row in rows], label=name.removeprefix("train/"))
    left.set(xlabel="epoch", title="training losses")
    left.legend()
    score = next(name for name in _MAP50 if name in rows[0])
    right.plot(epochs, [row[score] for row in rows], color="black")
    right.set(xlabel="epoch", title="mAP50, validation images", ylim=(0, 1))
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)


def _rows(results):
    with open(results, encoding="utf-8") as stream:
        return list(csv.DictReader(stream, skipinitialspace=True))
