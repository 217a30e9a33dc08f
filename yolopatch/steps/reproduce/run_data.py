"""The data of a run: made, checked, or fetched by upstream, before anything is trained."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.pins import style_of
from yolopatch.catalog.reproduce.quick import SEED
from yolopatch.core.data.labels import ERROR
from yolopatch.core.reproduce.reproduction import WORKSPACE
from yolopatch.errors import YolopatchError
from yolopatch.outside.data.dataset import images, label_file, read_dataset
from yolopatch.outside.probe.run import run_in_workspace
from yolopatch.steps.data.check import DatasetReport, check_dataset
from yolopatch.steps.data.shapes import ShapesRequest, make_shapes
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_plan import RunPlan
from yolopatch.wire.tasks import DATASET
from yolopatch.wire.training import DatasetAnswer, DatasetRequest

_MOST_PROBLEMS = 8  # enough to see what is wrong


@dataclass(frozen=True)
class RunData:
    """A data set as upstream sees it.

    Attributes:
        parts: the folders or lists of images of `train` and `val`.
        names: the classes.
        sha256: over the images' names and sizes and the labels' contents.
        image: one image to predict on.
        report: what `data check` found, None for upstream's own sets.
    """

    parts: Mapping[str, tuple[Path, ...]]
    names: tuple[str, ...]
    sha256: str
    image: Path
    report: DatasetReport | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should judge before days of training."""
        found = self.report.problems if self.report else ()
        return tuple(f"{one.where} {one.what}" for one in found[:_MOST_PROBLEMS])


def shapes_file(folder: Path) -> Path:
    """Return the data YAML of the set that a reproduction makes for quick runs."""
    return folder / "datasets" / "shapes" / "data.yaml"


def prepare_data(reproduction: Reproduction, plan: RunPlan) -> RunData:
    """Make sure that the data is there and is what upstream wants.

    Raises:
        YolopatchError: upstream cannot reach the post's data, or images or labels of the user's are broken.
    """
    if plan.quick and "data" in plan.changes and plan.data == str(shapes_file(reproduction.folder)):
        make_shapes(ShapesRequest(shapes_file(reproduction.folder).parent, seed=SEED))
    report = _checked(reproduction, plan) if _is_the_users(plan) else None
    answer = _resolved(reproduction, plan)
    parts = {part: tuple(map(Path, answer.parts[part])) for part in ("train", "val")}
    image = next((image for source in parts["train"] for image in images(source)), None)
    if image is None:
        raise YolopatchError(f"{plan.data} has no image to train on", details=[f"looked in: {parts['train']}"])
    return RunData(parts, tuple(answer.names), _fingerprint(parts), image, report)


def _is_the_users(plan: RunPlan) -> bool:
    """Tell whether the set is there for everybody to read; what upstream fetches is upstream's to judge."""
    file = Path(plan.data)
    return file.is_absolute() and not read_dataset(file).is_fetched


def _checked(reproduction: Reproduction, plan: RunPlan) -> DatasetReport:
    report = check_dataset(Path(plan.data), None, reproduction.cfg)
    if report.errors:
        wrong = [f"{one.where} {one.what}" for one in report.problems if one.severity == ERROR]
        raise YolopatchError(
            f"{plan.data} has {report.errors} errors; nothing was started",
            details=wrong[:_MOST_PROBLEMS],
            hint=f"yolopatch data check {plan.data}  says all of them",
        )
    return report


def _resolved(reproduction: Reproduction, plan: RunPlan) -> DatasetAnswer:
    """Let upstream look for the set; where its YAML names a download and the set is missing, it fetches it."""
    answers: list[DatasetAnswer] = []

    def take(message: object) -> None:
        if isinstance(message, DatasetAnswer):
            answers.append(message)

    workspace = reproduction.folder / WORKSPACE
    request = DatasetRequest(str(workspace), style_of(reproduction.workspace.pin), plan.data)
    with tempfile.TemporaryDirectory(prefix="yolopatch-") as place:
        try:
            folder = Path(place) / "data"
            what = "looking for the data set"
            run_in_workspace(
                DATASET,
                request,
                workspace,
                reproduction.interpreter,
                folder,
                take,
                what=what,
                answered=lambda: bool(answers),
            )
        except YolopatchError as error:
            raise _unreachable(reproduction, plan, error) from error
    return answers[0]


def _unreachable(reproduction: Reproduction, plan: RunPlan, error: YolopatchError) -> YolopatchError:
    if _is_the_users(plan):
        return error
    return YolopatchError(
        f"upstream has no {Path(plan.data).stem} here and could not fetch it; nothing was started",
        details=[line for line in error.details if not line.startswith("log: ")][-4:],
        hint="train on a small generated set instead: --quick, or `yolopatch data shapes --out shapes` and "
        f"--data shapes/data.yaml; or put the set into {reproduction.folder / 'datasets'}",
    )


def _fingerprint(parts: Mapping[str, tuple[Path, ...]]) -> str:
    told = hashlib.sha256()
    for part, sources in parts.items():
        for image in (image for source in sources for image in images(source)):
            label = label_file(image)
            says = label.read_bytes() if label.is_file() else b""
            told.update(f"{part} {image.name} {image.stat().st_size} {len(says)}\n".encode() + says)
    return told.hexdigest()
