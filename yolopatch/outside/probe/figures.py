"""Ask a child process for what a figure shows of a model."""

from __future__ import annotations

from pathlib import Path

from yolopatch.outside.probe.facts import PATIENCE, model_failure
from yolopatch.outside.probe.launch import isolated_launch
from yolopatch.outside.probe.run import ask
from yolopatch.wire.figures import GraphAnswer, GraphRequest, HeatAnswer, HeatRequest
from yolopatch.wire.tasks import GRAPH, HEAT


def ask_graph(request: GraphRequest, python: str) -> GraphAnswer:
    """Return the layers of a model and of its base, built and run in a child process.

    Raises:
        ModelError: the model does not build, or does not run.
        YolopatchError: the checkpoint cannot be read, or the child crashed, hung, or imported another upstream.
    """
    return ask(
        GRAPH,
        request,
        lambda folder: isolated_launch(python, folder),
        GraphAnswer,
        patience=PATIENCE,
        failure=lambda failed: model_failure(failed, python, Path(request.workspace)),
    )


def ask_heat(request: HeatRequest, python: str) -> HeatAnswer:
    """Return the maps of a model on images, made in a child process.

    Raises:
        ModelError, YolopatchError: as `ask_graph`; or an image cannot be read.
    """
    return ask(
        HEAT,
        request,
        lambda folder: isolated_launch(python, folder),
        HeatAnswer,
        patience=PATIENCE,
        failure=lambda failed: model_failure(failed, python, Path(request.workspace)),
    )
