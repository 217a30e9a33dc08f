"""Draw a training: its losses and its mAP50 by epoch."""

from pathlib import Path


def draw_curves(losses, map50, file):
    """Write a picture with the training losses on the left and mAP50 on the right.

    Args:
        losses: for each loss its value at every epoch.
        map50: on the validation images, at every epoch.
        file: the picture, a .png.
    """
    import matplotlib

    matplotlib.use("Agg")  # no screen is needed
    from matplotlib.figure import Figure

    epochs = range(1, len(map50) + 1)
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, values in losses.items():
        left.plot(epochs, values, label=name)
    left.set(xlabel="epoch", title="training losses")
    left.legend()
    right.plot(epochs, map50, color="black")
    right.set(xlabel="epoch", title="mAP50, validation images", ylim=(0, 1))
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=120)
