"""`heatmap`: draw where models look on images, or their effective receptive fields, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yolopatch.core.model.side import STRIDE
from yolopatch.errors import ConflictError, UsageError, YolopatchError
from yolopatch.outside.figures.fonts import find_font
from yolopatch.outside.figures.heat_picture import DRAWN, Tile, draw_fields, draw_maps
from yolopatch.outside.files.held import temporary_folder
from yolopatch.outside.files.images import find_image_fault
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.files.staging import write_all
from yolopatch.outside.files.system_errors import advice
from yolopatch.outside.probe.figures import ask_heat
from yolopatch.outside.source.store import cache_dir
from yolopatch.outside.watch import Watch
from yolopatch.steps.environment.interpreters import find_interpreter_for
from yolopatch.steps.figures.item import Item, find_item
from yolopatch.wire.codec import encode
from yolopatch.wire.figures import EIGENCAM, METHODS, Heat, HeatAnswer, HeatRequest

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
_WORDS = {"layercam": "LayerCAM", "gradcam": "Grad-CAM", "eigencam": "Eigen-CAM"}


@dataclass(frozen=True)
class Options:
    """How to map.

    Attributes:
        images: an image, or a folder of images.
        out: the folder for the figures.
        layer: the number of the layer; None for those that the head reads.
        method: one of METHODS.
        erf: draw effective receptive fields instead.
        imgsz: the longer side of an image in pixels.
        confidence: the score from which an object counts.
        limit: the most images.
        scale: of the model YAMLs; None for what each says.
        workspace, python: which upstream builds the models, in which interpreter; None to find them.
        overwrite: replace existing figures.
    """

    images: Path
    out: Path
    layer: int | None = None
    method: str = METHODS[0]
    erf: bool = False
    imgsz: int = 640
    confidence: float = 0.25
    limit: int = 8
    scale: str | None = None
    workspace: Path | None = None
    python: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class HeatMaps:
    """The figures.

    Attributes:
        items: the models.
        answers: of each model its maps.
        files: the figures, by the image; one alone for receptive fields.
        notes: what the user should know.
    """

    items: tuple[Item, ...]
    options: Options
    answers: tuple[HeatAnswer, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]

    def data(self) -> dict[str, object]:
        """Return what `heatmap --json` prints."""
        return {
            "method": "erf" if self.options.erf else self.options.method,
            "imgsz": self.options.imgsz,
            "items": [_item_data(item, answer) for item, answer in zip(self.items, self.answers)],
            "files": self.files,
        }


def _item_data(item: Item, answer: HeatAnswer) -> dict[str, object]:
    maps = [
        {"image": heat.image or None, "objects": encode(heat.objects), "sides": dict(heat.sides)}
        for heat in answer.maps
    ]
    return {"name": item.name, "item": item.path, "layers": list(answer.layers), "maps": maps}


def heatmap(named: Sequence[str], options: Options, watch: Watch) -> HeatMaps:
    """Draw a figure for each image, with the maps of all models under one colour scale.

    Args:
        named: the models, each a YAML, a checkpoint or a run's folder, also as `NAME=ITEM`.
        options: what to map, and where to write.
        watch: called when a model is begun.

    Raises:
        UsageError: an item, an image or a layer does not exist, or an option has no such value.
        ConflictError: a figure exists already.
        YolopatchError: an image or a checkpoint cannot be read, or a model finds nothing on any image; nothing was
            written.
    """
    _check(options)
    items = tuple(_item(one, options) for one in named)
    if options.scale and not any(item.is_yaml for item in items):
        raise UsageError(f"{items[0].path} is a checkpoint, which has one scale", hint="leave out --scale")
    images, notes = _images(options)
    names = ("erf.png",) if options.erf else tuple(f"{image.stem}-{options.method}.png" for image in images)
    files = tuple(options.out / name for name in _told_apart(names))
    _require_free(files, options.overwrite)
    with temporary_folder() as folder:
        answers = tuple(
            _ask(item, images, options, folder / str(number), watch, number, len(items))
            for number, item in enumerate(items)
        )
        drawn, more = _draw(items, answers, images, options)
    _write(dict(zip(files, drawn)), options.out, options.overwrite)
    return HeatMaps(items, options, answers, files, (*notes, *more))


def _check(options: Options) -> None:
    if options.imgsz < STRIDE or options.imgsz % STRIDE:
        raise UsageError(f"--imgsz {options.imgsz} is not a multiple of {STRIDE}", hint="e.g. --imgsz 640")
    if not 0 < options.confidence < 1:
        raise UsageError(f"--conf {options.confidence:g} is no score between 0 and 1", hint="e.g. --conf 0.25")
    if options.limit < 1:
        raise UsageError(f"--limit {options.limit}: no image is left", hint="e.g. --limit 8")


def _item(named: str, options: Options) -> Item:
    item = find_item(named, options.workspace)
    if item.is_yaml and not options.erf:
        raise UsageError(
            f"{item.path} is a YAML, whose model has learned nothing that could be mapped",
            hint="name a checkpoint or the folder of a run, or add --erf",
        )
    return item


def _images(options: Options) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Return the images, each of which can be read, and a note where some were left out."""
    place = options.images
    if not place.exists():
        raise UsageError(f"{place} does not exist", hint="name an image, or a folder of images, with --images")
    listed = [place] if place.is_file() else sorted(file for file in place.iterdir() if _is_image(file))
    if not listed:
        raise UsageError(
            f"the folder {place} has no images",
            details=[f"expected: files that end in {', '.join(_SUFFIXES)}"],
            hint="name a folder of images, such as images/val of a data set",
        )
    images = tuple(listed[: options.limit])
    for image in images:
        fault = find_image_fault(image)
        if fault:
            raise YolopatchError(f"{image} {fault}; nothing was written", hint="remove it, or name other --images")
    more = f"the first {len(images)} of {len(listed)} images; --limit {len(listed)} takes all"
    return images, ((more,) if len(images) < len(listed) else ())


def _is_image(file: Path) -> bool:
    return file.is_file() and file.suffix.lower() in _SUFFIXES


def _told_apart(names: Sequence[str]) -> list[str]:
    """Return the names of files with a number where several would be the same, as of `a.jpg` and `a.png`."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        key = name.casefold()
        seen[key] = seen.get(key, 0) + 1
        stem, dot, suffix = name.rpartition(".")
        found.append(name if seen[key] == 1 else f"{stem}-{seen[key]}{dot}{suffix}")
    return found


def _require_free(files: Sequence[Path], overwrite: bool) -> None:
    there = [file for file in files if file.exists()]
    if there and not overwrite:
        raise ConflictError(
            f"{there[0]} already exists; nothing was changed", hint="name another --out, or add --overwrite"
        )


def _ask(
    item: Item, images: Sequence[Path], options: Options, folder: Path, watch: Watch, number: int, count: int
) -> HeatAnswer:
    watch(item.name, number + 1, count)
    folder.mkdir()
    request = HeatRequest(
        workspace=str(item.checkout.path),
        style=item.checkout.style,
        cfg=str(item.path.absolute()) if item.is_yaml else "",
        weights="" if item.is_yaml else str(item.path.absolute()),
        scale=read_cfg(item.path).any_scale(options.scale) if item.is_yaml else "",
        images=tuple(str(image.absolute()) for image in images),
        imgsz=options.imgsz,
        layer=options.layer,
        method=options.method,
        confidence=options.confidence,
        erf=options.erf,
        folder=str(folder),
    )
    interpreter = find_interpreter_for(item.checkout, options.python, cache_dir())
    answer = ask_heat(request, interpreter.executable)
    if not answer.layers:
        raise UsageError(
            f"{item.name} has no layer {options.layer}; nothing was written",
            details=[f"expected: a number from 0 to {answer.count - 1}"],
            hint="leave out --layer for the layers that the head reads",
        )
    if not options.erf and options.method != EIGENCAM and not any(heat.objects for heat in answer.maps):
        raise YolopatchError(
            f"{item.name} finds nothing on these images, so there is no score to map; nothing was written",
            details=[f"expected: an object with a score above {options.confidence:g} on one of {len(images)} images"],
            hint="lower --conf, name other --images, or map without scores: --method eigencam",
        )
    return answer


def _draw(
    items: Sequence[Item], answers: Sequence[HeatAnswer], images: Sequence[Path], options: Options
) -> tuple[list[bytes], list[str]]:
    """Return the pictures, and notes of what could not be drawn as asked."""
    labels = [item.name for item in items]
    classes = {one.number: one.name for answer in answers for heat in answer.maps for one in heat.objects}
    font, named, notes = _letters(labels, classes)
    if options.erf:
        tiles = [Tile(label, answer.maps[0], _field_words(answer)) for label, answer in zip(labels, answers)]
        images_words = f"{len(images)} image{'s' * (len(images) != 1)}"
        unit = f"gradient of the unit in the middle, mean over {images_words}, as share of the largest"
        return [draw_fields(tiles, unit, font)], notes
    unit = f"{_WORDS[options.method]}, times the mean of the map; {_layer_words(answers)}"
    drawn = []
    for number in range(len(images)):
        tiles = [
            Tile(label, answer.maps[number], _object_words(answer.maps[number]))
            for label, answer in zip(labels, answers)
        ]
        drawn.append(draw_maps(tiles, named, unit, font))
    return drawn, notes


def _letters(labels: Sequence[str], classes: Mapping[int, str]) -> tuple[Any, dict[int, str], list[str]]:
    """Return a font, how each class is written with it, and a note where it lacks letters."""
    font = find_font("".join((*labels, *classes.values(), "0")))
    if font is not None:
        return font, dict(classes), []
    plain = find_font("abc0")
    lacking = sorted(name for name in {*labels, *classes.values()} if find_font(name) is None)
    note = f"no font of this system has all letters of: {', '.join(lacking) or 'the names together'}"
    return (
        plain,
        {n: name if name.isascii() else f"class {n}" for n, name in classes.items()},
        [f"{note}; such classes are drawn by number. Install one, such as Noto Sans CJK, for Chinese"],
    )


def _layer_words(answers: Sequence[HeatAnswer]) -> str:
    layers = dict.fromkeys(answer.layers for answer in answers)
    return "layers " + " and ".join(", ".join(map(str, numbers)) for numbers in layers)


def _object_words(heat: Heat) -> str:
    count = len(heat.objects)
    if not count:
        return "nothing found"
    return f"{count} object{'s' * (count != 1)}" + (f", the best {DRAWN} drawn" if count > DRAWN else "")


def _field_words(answer: HeatAnswer) -> str:
    sides = ", ".join(f"{float(share):.0%} in {side} px" for share, side in answer.maps[0].sides.items())
    return f"layer {answer.layers[0]}: {sides}"


def _write(files: Mapping[Path, bytes], out: Path, overwrite: bool) -> None:
    try:
        write_all(files, overwrite=overwrite)
    except OSError as error:
        raise YolopatchError(
            f"the figures cannot be written to {out}: {error.strerror}; nothing was written",
            hint=advice(error.errno, out, "name another --out"),
        ) from error
