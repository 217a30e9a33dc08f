"""The data of a run: made, checked, or downloaded by upstream, before the training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.pins import style_of
from yolopatch.core.data.labels import ERROR
from yolopatch.errors import YolopatchError
from yolopatch.outside.data.dataset import images, label_file, read_dataset
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.probe.run import run_in_workspace
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.data.check import DatasetReport, check_dataset
from yolopatch.wire import shell
from yolopatch.wire.tasks import DATASET
from yolopatch.wire.training import DatasetAnswer, DatasetRequest

_MOST_PROBLEMS = 8  # shown


@dataclass(frozen=True)
class TrainingData:
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


@dataclass(frozen=True)
class Asked:
    """A data set for trainings, as it was named, and the workspace whose upstream will read it.

    Attributes:
        name: the whole path of the user's YAML, or upstream's name of one of its own.
        cfg: the model YAML that will be trained.
        instead: what the user can do where upstream cannot download the set, with a command.
    """

    name: str
    workspace: Workspace
    interpreter: Interpreter
    cfg: Path
    instead: str

    @property
    def is_users_own(self) -> bool:
        """Whether the set is the user's own and on the disk; a set that upstream downloads is not checked."""
        file = Path(self.name)
        return file.is_absolute() and not read_dataset(file).is_fetched


def prepare_data(asked: Asked) -> TrainingData:
    """Check the data of trainings, or let upstream download them.

    Raises:
        YolopatchError: upstream cannot download its own set, or the user's images or labels have errors.
    """
    report = _check(asked) if asked.is_users_own else None
    answer = _resolve(asked)
    parts = {part: tuple(map(Path, answer.parts[part])) for part in ("train", "val")}
    image = next((image for source in parts["train"] for image in images(source)), None)
    if image is None:
        raise YolopatchError(
            f"{asked.name} has no training image",
            details=[f"looked in: {', '.join(map(str, parts['train']))}"],
            hint=f"yolopatch data check {shell.quote(asked.name)}",
        )
    return TrainingData(parts, tuple(answer.names), fingerprint(parts), image, report)


def _check(asked: Asked) -> DatasetReport:
    report = check_dataset(Path(asked.name), None, asked.cfg)
    if report.errors:
        wrong = [f"{one.where} {one.what}" for one in report.problems if one.severity == ERROR]
        raise YolopatchError(
            f"{asked.name} has {report.errors} errors; no training was started",
            details=wrong[:_MOST_PROBLEMS],
            hint=f"see all of them: yolopatch data check {shell.quote(asked.name)}",
        )
    return report


def _resolve(asked: Asked) -> DatasetAnswer:
    """Let upstream find the set; upstream downloads a missing set if its YAML has a download."""
    answers: list[DatasetAnswer] = []

    def take(message: object) -> None:
        if isinstance(message, DatasetAnswer):
            answers.append(message)

    workspace = asked.workspace.path
    request = DatasetRequest(str(workspace), style_of(asked.workspace.pin), asked.name)
    with temporary_folder() as place:
        try:
            run_in_workspace(
                DATASET,
                request,
                workspace,
                asked.interpreter,
                place / "data",
                take,
                what="looking for the data set",
                answered=lambda: bool(answers),
            )
        except YolopatchError as error:
            raise _not_available(asked, error) from error
    return answers[0]


def _not_available(asked: Asked, error: YolopatchError) -> YolopatchError:
    if asked.is_users_own:
        return error
    return YolopatchError(
        f"the data set {Path(asked.name).stem} is missing, and upstream could not download it; no training was started",
        details=error.details[-4:],
        hint=f"{asked.instead}; or copy the set into {asked.workspace.path.parent / 'datasets'}",
    )


def fingerprint(parts: Mapping[str, tuple[Path, ...]]) -> str:
    """Return a sha256 over the images' names and sizes and the labels' contents, part by part."""
    digest = hashlib.sha256()
    for part, sources in parts.items():
        for image in (image for source in sources for image in images(source)):
            label = label_file(image)
            content = label.read_bytes() if label.is_file() else b""
            digest.update(f"{part} {image.name} {image.stat().st_size} {len(content)}\n".encode() + content)
    return digest.hexdigest()
