"""`data shapes`: a small data set with the same bytes everywhere, which a model learns in a minute."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import yaml

from yolopatch.catalog.model.base_model import TASKS
from yolopatch.catalog.names import unknown
from yolopatch.core.data.shapes import FLIPPED_KEYPOINTS, KEYPOINTS, KINDS, label_line, scene
from yolopatch.errors import ConflictError, UsageError, YolopatchError
from yolopatch.outside.files.folders import move
from yolopatch.outside.files.images import draw_scene
from yolopatch.outside.files.staging import staging_folder, sweep_parts
from yolopatch.outside.files.system_errors import advice, number_of

DATA_FILE = "data.yaml"
_LEAST_SIDE = 32  # pixels, the stride of the coarsest feature map
_VALIDATION_SHARE = 4  # training images for each validation image


@dataclass(frozen=True)
class ShapesRequest:
    """The options of `data shapes`.

    Attributes:
        out: the folder of the data set.
        task: one of `TASKS`.
        images: the number of training images; a quarter as many, and at least one for each class, are for validation.
        side: of the square images, in pixels.
        seed: another seed gives other images.
    """

    out: Path
    task: str = "detect"
    images: int = 24
    side: int = 160
    seed: int = 0


@dataclass(frozen=True)
class ShapesSet:
    """A written data set.

    Attributes:
        data: the path for upstream's `data=`.
        train, val: the numbers of images.
        sha256: of every image and label, in the order of their names.
        changed: whether this call wrote it.
    """

    data: Path
    task: str
    classes: tuple[str, ...]
    train: int
    val: int
    sha256: str
    changed: bool


def make_shapes(request: ShapesRequest) -> ShapesSet:
    """Write the data set, all of it or nothing; the same request gives the same bytes.

    Raises:
        UsageError: an unknown task, or a number that is too small.
        ConflictError: the folder holds something else.
        YolopatchError: the folder cannot be written.
    """
    _require_valid(request)
    out = request.out.absolute()
    counts = {"train": request.images, "val": max(request.images // _VALIDATION_SHARE, len(KINDS))}
    files = dict(_classified(request, counts) if request.task == "classify" else _labelled(request, counts))
    sha256 = _sha256(files)
    if request.task != "classify":
        files[DATA_FILE] = _data_yaml(out, request.task).encode()
    try:
        changed = _write(out, files)
    except OSError as error:
        raise YolopatchError(
            f"cannot write the data set to {out}: {error.strerror or error}",
            details=["nothing was changed"],
            hint=advice(number_of(error), out, "name another folder with --out"),
        ) from error
    data = out if request.task == "classify" else out / DATA_FILE
    return ShapesSet(data, request.task, KINDS, counts["train"], counts["val"], sha256, changed)


def _require_valid(request: ShapesRequest) -> None:
    if request.task not in TASKS:
        raise unknown("task", request.task, TASKS)
    if request.images < len(KINDS):
        raise UsageError(f"--images {request.images}: at least {len(KINDS)}, one for each class", hint="--images 24")
    if request.side < _LEAST_SIDE:
        raise UsageError(f"--side {request.side}: at least {_LEAST_SIDE} pixels", hint="--side 160")


def _labelled(request: ShapesRequest, counts: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    for part, number, random in _images(request, counts):
        shapes = scene(random, request.side)
        lines = "".join(f"{label_line(shape, request.task, request.side)}\n" for shape in shapes)
        yield f"images/{part}/{number:03}.png", draw_scene(shapes, request.side, random)
        yield f"labels/{part}/{number:03}.txt", lines.encode()


def _classified(request: ShapesRequest, counts: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    for part, number, random in _images(request, counts):
        kind = number % len(KINDS)
        shapes = scene(random, request.side, kind)
        yield f"{part}/{KINDS[kind]}/{number:03}.png", draw_scene(shapes, request.side, random)


def _images(request: ShapesRequest, counts: Mapping[str, int]) -> Iterator[tuple[str, int, Random]]:
    """Yield the part, number and random generator of each image; an image does not depend on the number of images."""
    for part, count in counts.items():
        for number in range(count):
            yield part, number, Random(f"{request.seed} {part} {number}")


def _data_yaml(out: Path, task: str) -> str:
    data: dict[str, object] = {"path": str(out), "train": "images/train", "val": "images/val", "names": list(KINDS)}
    data["nc"] = len(KINDS)  # yolov5 6.1 needs it, and needs the names as a list
    if task == "pose":
        data |= {"kpt_shape": [len(KEYPOINTS), 3], "flip_idx": list(FLIPPED_KEYPOINTS)}
    return yaml.safe_dump(data, sort_keys=False, default_flow_style=None)


def _sha256(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {len(files[name])}\n".encode() + files[name])
    return digest.hexdigest()


def _write(out: Path, files: Mapping[str, bytes]) -> bool:
    """Write a temporary folder and rename it; return False where the folder had the same files already."""
    if out.exists() and any(out.iterdir()):
        # other files do not matter: upstream writes its caches there
        if all((out / name).is_file() and (out / name).read_bytes() == content for name, content in files.items()):
            sweep_parts(out.parent)  # of a run that was killed right after it had moved the set to its place
            return False
        raise ConflictError(f"{out} holds other files; nothing was written", hint="name another folder with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    with staging_folder(out.parent, "name a folder on another disk: --out DIR") as staging:
        made = staging / "data"
        for name, content in files.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_bytes(content)
        move(made, out)
    return True
