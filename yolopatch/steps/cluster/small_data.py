"""Data sets on their way to a node: a small one is sent, of a large one the node must have the same paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from yolopatch.errors import YolopatchError
from yolopatch.outside.data.dataset import PARTS, images, label_file, read_dataset
from yolopatch.outside.files.folders import entries_below
from yolopatch.steps.cluster.plain_files import write_files
from yolopatch.steps.cluster.recipe import DataPlan
from yolopatch.steps.training.data import TrainingData, fingerprint

MOST_SENT = 64 * 2**20  # bytes of all files
_IMAGES = "images"
_NOT_SENT = {".cache", ".npy", ".txt"}  # what upstream writes beside images, and labels, which each image brings
_OWN = ("path", "download", *PARTS)  # keys of a data YAML that say where it lies


def plan_data(file: Path, data: TrainingData, most: int = MOST_SENT) -> tuple[DataPlan, dict[str, bytes]]:
    """Return how nodes come to a data set, and the files that are sent.

    Args:
        file: the data YAML.
        data: what upstream makes of it here.
        most: how many bytes are sent.
    """
    says = {key: value for key, value in read_dataset(file).says.items() if key not in _OWN}
    if not says.get("names"):
        says["names"] = list(data.names)
    sources = {part: tuple(map(_absolute, places)) for part, places in data.parts.items()}
    found = [image for places in sources.values() for source in places for image in _members(source)]
    if _size(found) > most or (top := _top(found)) is None:
        parts = {part: tuple(map(str, places)) for part, places in sources.items()}
        return DataPlan(says, parts, False, data.sha256), {}
    sent: dict[str, bytes] = {}
    for image in found:
        sent.update(_with_label(image, top))
    parts = {}
    for part, places in sources.items():
        parts[part] = tuple(_sent_source(source, top, f"{part}-{number}", sent) for number, source in enumerate(places))
    return DataPlan(says, parts, True, data.sha256), sent


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _members(source: Path) -> Iterator[Path]:
    """Yield the files of a folder that upstream may read as images, or the images of a list."""
    if source.is_dir():
        yield from sorted(one for one in entries_below(source) if one.is_file() and one.suffix not in _NOT_SENT)
    else:
        yield from map(_absolute, images(source))


def _size(found: Iterable[Path]) -> int:
    return sum(file.stat().st_size for image in found for file in (image, label_file(image)) if file.is_file())


def _top(found: Iterable[Path]) -> Path | None:
    """Return the folder above all files; None where there is none, as on two drives of Windows."""
    try:
        return Path(os.path.commonpath([file.parent for image in found for file in (image, label_file(image))]))
    except ValueError:
        return None


def _with_label(image: Path, top: Path) -> Iterator[tuple[str, bytes]]:
    # below a folder `images`: there upstream looks for the labels beside it, whatever folders the node has above it
    there = Path(_IMAGES, image.relative_to(top))
    yield there.as_posix(), image.read_bytes()
    label = label_file(image)
    if label.is_file():
        yield label_file(there).as_posix(), label.read_bytes()


def _sent_source(source: Path, top: Path, name: str, sent: dict[str, bytes]) -> str:
    """Return the path of a source below the node's folder; a list is written anew."""
    if source.is_dir():
        return Path(_IMAGES, os.path.relpath(source, top)).as_posix()
    listed = [Path(_IMAGES, _absolute(image).relative_to(top)).as_posix() for image in images(source)]
    # upstream takes a line that begins so from the folder of the list
    sent[f"{name}.txt"] = "".join(f"./{one}\n" for one in listed).encode()
    return f"{name}.txt"


def place_data(plan: DataPlan, sent: Mapping[str, bytes], folder: Path, host: str) -> Path:
    """Make the data YAML for a node, and the files that were sent; return the YAML.

    Args:
        plan, sent: what `plan_data` returns.
        folder: a new folder.
        host: the node's, for messages.

    Raises:
        YolopatchError: a path does not exist, or the data are others.
    """
    folder.mkdir()
    if plan.is_sent:
        write_files(folder, sent)
    parts = {part: tuple(folder / one for one in places) for part, places in plan.parts.items()}
    missing = [str(one) for places in parts.values() for one in places if not one.exists()]
    if missing:
        raise YolopatchError(
            f"{host} does not have the data set, which is too large to be sent",
            details=[f"expected: {path}" for path in missing],
            hint="put the data set on every node, at the same path",
        )
    found = fingerprint(parts)
    if found != plan.sha256:
        raise YolopatchError(
            f"the data set on {host} is another one",
            details=[f"expected: sha256 {plan.sha256}", f"found:    sha256 {found}"],
            hint="copy the data set to that node again: images and labels",
        )
    named = {part: [str(one) for one in places] for part, places in parts.items()}
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump({**plan.says, **named}, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return file
