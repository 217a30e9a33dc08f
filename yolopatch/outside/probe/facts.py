"""Build models in a child process, and get facts about each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from yolopatch.catalog.pins import Pin, style_of
from yolopatch.errors import YolopatchError
from yolopatch.outside.environment.executable import requirements_hint
from yolopatch.outside.probe.blame import faulty_line
from yolopatch.outside.probe.launch import isolated_launch
from yolopatch.outside.probe.listen import TOO_LONG
from yolopatch.outside.probe.run import Failed, ask
from yolopatch.wire.facts import CompareAnswer, CompareRequest, FactsAnswer, FactsRequest, ModelFacts, Question
from yolopatch.wire.tasks import BOXES, COMPARE, FACTS
from yolopatch.wire.training import BoxesAnswer, BoxesRequest

PATIENCE = 600  # seconds for one request; building, running and counting an x model takes less than a minute
_PATIENCE_IMAGE = 20  # seconds more for each image of a validation; an x model takes 5 on a slow CPU
_SHOWN = 8  # of the last lines of output


def ask_facts(
    workspace: Path,
    pin: Pin,
    questions: Sequence[Question],
    *,
    python: str,
    imgsz: int = 640,
    patience: float = PATIENCE,
) -> tuple[ModelFacts, ...]:
    """Build models in a child process and return the facts about each.

    Args:
        workspace: the folder whose upstream is imported.
        pin: the pin of the workspace.
        questions: the models to build, and the facts to return about them.
        python: the interpreter with upstream's requirements.
        imgsz: side of the square image in pixels.
        patience: after how many seconds the child is ended.

    Raises:
        ModelError: a model does not build, or does not run.
        YolopatchError: the child crashed, hung, or imported another upstream than the workspace's.
    """
    request = FactsRequest(str(workspace), style_of(pin), imgsz, tuple(questions))
    answer = ask(
        FACTS,
        request,
        lambda folder: isolated_launch(python, folder),
        FactsAnswer,
        patience=patience,
        failure=lambda failed: model_failure(failed, python, workspace),
    )
    return answer.models


def ask_comparison(request: CompareRequest, *, python: str) -> CompareAnswer:
    """Count and time the models of a workspace in one child process.

    Args:
        request: the models, and how to run them.
        python: the interpreter with upstream's requirements.

    Raises:
        ModelError: a model does not build, or does not run.
        YolopatchError: the child crashed, hung, refused a checkpoint, or imported another upstream than the
            workspace's.
    """
    return ask(
        COMPARE,
        request,
        lambda folder: isolated_launch(python, folder),
        CompareAnswer,
        patience=PATIENCE * len(request.models),
        failure=lambda failed: model_failure(failed, python, Path(request.workspace)),
    )


def ask_boxes(request: BoxesRequest, images: int, *, python: str) -> BoxesAnswer:
    """Run upstream's validation of a workspace's checkpoints in a child process.

    Args:
        request: the checkpoints and the data.
        images: how many the data has.
        python: the interpreter with upstream's requirements.

    Raises:
        YolopatchError: the child crashed, hung, refused a checkpoint, or imported another upstream than the
            workspace's.
    """
    return ask(
        BOXES,
        request,
        lambda folder: isolated_launch(python, folder),
        BoxesAnswer,
        patience=PATIENCE + _PATIENCE_IMAGE * images,
        failure=lambda failed: model_failure(failed, python, Path(request.workspace)),
    )


class TooSlowError(YolopatchError):
    """A model did not build in the time that it was given; whether it would is not known."""


def model_too_slow(failed: Failed) -> TooSlowError:
    """Return the error of a process that was stopped while it built or loaded a model."""
    return TooSlowError(
        f"the model did not build or load in {failed.ended.limit:.0f} s, and the process was stopped",
        hint="try a smaller scale, or look for an endless loop in the model's code",
    )


def model_failure(failed: Failed, python: str, workspace: Path) -> YolopatchError:
    """Return the error of a process that ended while it built or ran models of a workspace."""
    if failed.ended.why == TOO_LONG:
        return model_too_slow(failed)
    lines, where = failed.lines[-_SHOWN:], faulty_line(failed.lines, workspace)
    hint = f"the fault is in {workspace / where}" if where else "the lines above come from the interpreter"
    if any("No module named" in line for line in lines):
        hint = requirements_hint(python)
    what = f"the model did not build: {python} ended with {failed.ended.in_words}"
    return YolopatchError(what, details=lines, hint=hint)
