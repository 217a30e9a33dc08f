"""Draw the curves of a training: its losses and its mAP50 by epoch."""

from __future__ import annotations

from pathlib import Path

from ...wire.training import Curves


def draw_curves(curves: Curves) -> None:
    """Write an image with the training losses on the left and mAP50 on the right.

    Args:
        curves: for each loss its value at every epoch, mAP50 on the validation images, and the image file, a .png.
    """
    import matplotlib

    matplotlib.use("Agg")  # no screen is needed
    from matplotlib.figure import Figure

    epochs = range(1, len(curves.map50) + 1)
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, values in curves.losses.items():
        left.plot(epochs, values, label=name)
    left.set(xlabel="epoch", title="training losses")
    left.legend()
    right.plot(epochs, curves.map50, color="black")
    right.set(xlabel="epoch", title="mAP50, validation images", ylim=(0, 1))
    Path(curves.file).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(curves.file, dpi=120)
