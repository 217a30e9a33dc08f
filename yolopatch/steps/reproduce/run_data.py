"""The data of a run: made, checked, or downloaded by upstream, before the training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.pins import style_of
from yolopatch.catalog.reproduce.quick import SEED
from yolopatch.core.data.labels import ERROR
from yolopatch.core.reproduce.reproduction import WORKSPACE
from yolopatch.errors import YolopatchError
from yolopatch.outside.data.dataset import images, label_file, read_dataset
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.probe.run import run_in_workspace
from yolopatch.steps.data.check import DatasetReport, check_dataset
from yolopatch.steps.data.shapes import ShapesRequest, make_shapes
from yolopatch.steps.reproduce.reproduction import Reproduction
from yolopatch.steps.reproduce.run_plan import RunPlan
from yolopatch.wire import shell
from yolopatch.wire.tasks import DATASET
from yolopatch.wire.training import DatasetAnswer, DatasetRequest

_MOST_PROBLEMS = 8  # shown


@dataclass(frozen=True)
class RunData:
    """A data set as upstream sees it.

    Attributes:
        parts: the folders or lists of images of `train` and `val`.
        names: the classes.
        sha256: over the images' names and sizes and the labels' contents.
        image: one image to predict on.
        report: the result of `data check`, None for upstream's own sets.
    """

    parts: Mapping[str, tuple[Path, ...]]
    names: tuple[str, ...]
    sha256: str
    image: Path
    report: DatasetReport | None

    @property
    def notes(self) -> tuple[str, ...]:
        """Problems that the user should look at before a long training."""
        found = self.report.problems if self.report else ()
        return tuple(f"{one.where} {one.what}" for one in found[:_MOST_PROBLEMS])


def shapes_file(folder: Path) -> Path:
    """Return the data YAML of the generated set for quick runs."""
    return folder / "datasets" / "shapes" / "data.yaml"


def prepare_data(reproduction: Reproduction, plan: RunPlan) -> RunData:
    """Make, download or check the data of a run.

    Raises:
        YolopatchError: upstream cannot download the post's data, or the user's images or labels have errors.
    """
    if plan.quick and "data" in plan.changes and plan.data == str(shapes_file(reproduction.folder)):
        make_shapes(ShapesRequest(shapes_file(reproduction.folder).parent, seed=SEED))
    report = _check(reproduction, plan) if _is_users_own(plan) else None
    answer = _resolve(reproduction, plan)
    parts = {part: tuple(map(Path, answer.parts[part])) for part in ("train", "val")}
    image = next((image for source in parts["train"] for image in images(source)), None)
    if image is None:
        raise YolopatchError(
            f"{plan.data} has no training image",
            details=[f"looked in: {', '.join(map(str, parts['train']))}"],
            hint=f"yolopatch data check {shell.quote(plan.data)}",
        )
    return RunData(parts, tuple(answer.names), _fingerprint(parts), image, report)


def _is_users_own(plan: RunPlan) -> bool:
    """Return whether the set is the user's own and on the disk; a set that upstream downloads is not checked."""
    file = Path(plan.data)
    return file.is_absolute() and not read_dataset(file).is_fetched


def _check(reproduction: Reproduction, plan: RunPlan) -> DatasetReport:
    report = check_dataset(Path(plan.data), None, reproduction.cfg)
    if report.errors:
        wrong = [f"{one.where} {one.what}" for one in report.problems if one.severity == ERROR]
        raise YolopatchError(
            f"{plan.data} has {report.errors} errors; no training was started",
            details=wrong[:_MOST_PROBLEMS],
            hint=f"see all of them: yolopatch data check {shell.quote(plan.data)}",
        )
    return report


def _resolve(reproduction: Reproduction, plan: RunPlan) -> DatasetAnswer:
    """Let upstream find the set; upstream downloads a missing set if its YAML has a download."""
    answers: list[DatasetAnswer] = []

    def take(message: object) -> None:
        if isinstance(message, DatasetAnswer):
            answers.append(message)

    workspace = reproduction.folder / WORKSPACE
    request = DatasetRequest(str(workspace), style_of(reproduction.workspace.pin), plan.data)
    with temporary_folder() as place:
        try:
            folder = place / "data"
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
            raise _not_available(reproduction, plan, error) from error
    return answers[0]


def _not_available(reproduction: Reproduction, plan: RunPlan, error: YolopatchError) -> YolopatchError:
    if _is_users_own(plan):
        return error
    return YolopatchError(
        f"the data set {Path(plan.data).stem} is missing, and upstream could not download it; no training was started",
        details=error.details[-4:],
        hint="train on a small generated set with --quick, or make one: yolopatch data shapes --out shapes, then "
        f"--data shapes/data.yaml; or copy the set into {reproduction.folder / 'datasets'}",
    )


def _fingerprint(parts: Mapping[str, tuple[Path, ...]]) -> str:
    digest = hashlib.sha256()
    for part, sources in parts.items():
        for image in (image for source in sources for image in images(source)):
            label = label_file(image)
            content = label.read_bytes() if label.is_file() else b""
            digest.update(f"{part} {image.name} {image.stat().st_size} {len(content)}\n".encode() + content)
    return digest.hexdigest()
