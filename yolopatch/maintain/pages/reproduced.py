"""The results of `make reproduce`: a Markdown page, and a picture with the curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yolopatch.catalog.reproduce.recipes import RECIPES
from yolopatch.maintain.reproduced import EXACT, QUICK, Result

_STYLES = {"base": "0.6", "paper": "tab:blue", "tutorial": "tab:red"}
_TRAINING, _VALIDATION = "mAP50, training images", "mAP50, validation images"


def page(results: Sequence[Result], picture: str, environment: str) -> str:
    """Return the page.

    Args:
        results: of every run.
        picture: the file name of the picture.
        environment: the versions of Python and the libraries.
    """
    lines = [
        "# Every tutorial, reproduced",
        "",
        f"Written by `make reproduce` with {environment}.",
        "Each run trains, validates, predicts on an image, and exports to TorchScript and ONNX; seconds are those of",
        "the training.",
        "",
        "## Does it learn?",
        "",
        "`yolopatch reproduce TUTORIAL --flavor paper --run --quick`: 24 generated images of 160 px, at the scale n,",
        "on a CPU; mAP50 on these images, and on six that were not trained on.",
        "",
        *_table([one for one in results if one.case.kind == QUICK]),
        "",
        f"![curves]({picture})",
        "",
        "## To the end, as the posts have it",
        "",
        "`yolopatch reproduce TUTORIAL --run --epochs 1 --device cpu --data shapes/data.yaml`: every other argument is",
        "the post's, at its scale and image size. yolov5 6.1 trains on no torch of Python 3.11 unmended: it has",
        "`--compat`.",
        "",
        *_table([one for one in results if one.case.kind == EXACT]),
        "",
    ]
    return "\n".join(lines)


def _table(results: Sequence[Result]) -> list[str]:
    rows = [
        f"| {one.case.name} | {one.found(_TRAINING)} | {one.found(_VALIDATION)} | {one.seconds:.0f} "
        f"| {_exports(one)} | {'yes' if one.as_expected else 'no'} |"
        for one in results
    ]
    return [
        "| run | training | validation | seconds | exports agree | as expected |",
        "|---|---|---|---|---|---|",
        *rows,
    ]


def _exports(result: Result) -> str:
    agree = [one["agrees"] for one in result.comparisons if one["name"].endswith(" predicts")]
    return "yes" if agree and all(agree) else "no"


def draw(results: Sequence[Result], file: Path) -> None:
    """Write the picture: one panel for each tutorial, also with the curve of its base model."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    quick = [one for one in results if one.case.kind == QUICK]
    figure = Figure(figsize=(14, 3.2), layout="constrained")
    panels = figure.subplots(1, len(RECIPES), sharey=True)
    for panel, (id_, recipe) in zip(panels, RECIPES.items()):
        for one in quick:
            base = one.case.base and RECIPES[one.case.tutorial].base_cfg == recipe.base_cfg
            if base or (one.case.tutorial == id_ and not one.case.base):
                name = "base" if base else one.case.flavor
                panel.plot(range(1, len(one.scores) + 1), one.scores, color=_STYLES[name], label=name)
        panel.set(title=id_, xlabel="epoch", ylim=(0, 1))
        if panel.lines:
            panel.legend()
    panels[0].set_ylabel("mAP50, validation images")
    figure.savefig(file, dpi=100)
