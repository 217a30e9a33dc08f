"""What upstream's loader of training images gives for a seed, with and without processes that load."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy
from torch import Tensor

from ..base.bases import read_yaml
from ..upstreams.parsers import import_first
from ..upstreams.upstream import Upstream

_IMAGES, _BATCH, _SIDE = 8, 4, 64  # one small image takes no time: a process takes longer to start


@dataclass(frozen=True)
class Epoch:
    """What a loader gave in its first epoch.

    Attributes:
        order: the names of the images, in their order.
        augmented: what became of each image, by its name, as a digest.
    """

    order: tuple[str, ...]
    augmented: dict[str, str]


def first_epoch(upstream: Upstream, folder: Path, seed: int, workers: int) -> Epoch:
    """Return what upstream's loader gives after its own seeding, from images that are made in a folder.

    Args:
        upstream: whose loader and augmentation.
        folder: is made, with 8 images, where it does not exist.
        seed: for upstream's `init_seeds`.
        workers: the number of processes that load; 0 for none.
    """
    upstream.init_seeds(seed)
    loader = _loader(upstream, folder, workers)
    given = [(Path(name).name, _digest(image)) for name, image in _images(loader, upstream.style)]
    shut_down = getattr(loader.iterator, "_shutdown_workers", None)
    if shut_down:
        shut_down()
    return Epoch(tuple(name for name, _ in given), dict(given))


def loaded_channels(upstream: Upstream, folder: Path) -> int:
    """Return how many channels the images have that upstream's loader makes of coloured image files.

    Args:
        upstream, folder: as for `first_epoch`.
    """
    _, image = next(_images(_loader(upstream, folder, 0), upstream.style))
    return int(image.shape[0])


def _loader(upstream: Upstream, folder: Path, workers: int) -> Any:
    images = folder / "images"
    if not images.exists():
        _write_images(images, folder / "labels")
    return _yolov5(upstream, images, workers) if upstream.style == "yolov5" else _ultralytics(images, workers)


def _write_images(images: Path, labels: Path) -> None:
    images.mkdir(parents=True)
    labels.mkdir()
    noise = numpy.random.default_rng(0)
    for number in range(_IMAGES):
        pixels = noise.integers(0, 255, (_SIDE, _SIDE, 3), dtype=numpy.uint8)
        # not cv2.imwrite, which on some systems cannot write to folders with other letters than the system's
        (images / f"{number}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
        (labels / f"{number}.txt").write_text(f"0 0.5 0.5 0.{number + 2} 0.5\n", encoding="ascii")


def _ultralytics(images: Path, workers: int) -> Any:
    build = importlib.import_module("ultralytics.data.build")
    settings = importlib.import_module("ultralytics.cfg").get_cfg(overrides={"imgsz": _SIDE})
    data = {"names": {0: "one"}, "nc": 1, "channels": 3, "path": str(images.parent), "train": str(images)}
    dataset = build.build_yolo_dataset(settings, str(images), _BATCH, data, mode="train", rect=False, stride=32)
    return build.build_dataloader(dataset, _BATCH, workers, shuffle=True)


def _yolov5(upstream: Upstream, images: Path, workers: int) -> Any:
    datasets = import_first(*(f"{upstream.prefix}utils.{name}" for name in ("datasets", "dataloaders")))
    gains = read_yaml(Path(upstream.file).parent.parent / "data" / "hyps" / "hyp.scratch-low.yaml")
    loader, _ = datasets.create_dataloader(
        str(images), _SIDE, _BATCH, 32, hyp=gains, augment=True, workers=workers, shuffle=True
    )
    return loader


def _images(loader: Any, style: str) -> Iterator[tuple[str, Tensor]]:
    for batch in loader:
        names, images = (batch[2], batch[0]) if style == "yolov5" else (batch["im_file"], batch["img"])
        yield from zip(names, images)


def _digest(image: Tensor) -> str:
    return hashlib.sha256(image.numpy().tobytes()).hexdigest()
