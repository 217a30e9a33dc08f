"""Label files in YOLO's formats: what is wrong with one, line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yolopatch.catalog.model.base_model import DETECT

ERROR, WARNING = "error", "warning"
_BOX = 5  # class, centre, size
_CORNERS = 9  # class and four corners
_LEAST_OUTLINE = 7  # class and three corners


@dataclass(frozen=True)
class LabelFormat:
    """What a line of a label file holds.

    Attributes:
        task: detect, segment, pose or obb.
        classes: how many there are.
        keypoints: their number and the numbers of each (2, or 3 with visibility), for pose.
    """

    task: str
    classes: int
    keypoints: tuple[int, int] = (0, 0)

    def describe(self) -> str:
        """Return what a line must be, in words."""
        count, dims = self.keypoints
        return {
            "segment": f"a class and three corners or more: {_LEAST_OUTLINE} numbers, or 9, 11, ...",
            "obb": f"a class and four corners: {_CORNERS} numbers",
            "pose": f"a class, centre, size and {count} keypoints of {dims}: {_BOX + count * dims} numbers",
        }.get(self.task, f"a class, centre and size: {_BOX} numbers")

    def takes(self, count: int) -> bool:
        """Tell whether a line may have this many numbers."""
        if self.task == "pose":
            return count == _BOX + self.keypoints[0] * self.keypoints[1]
        if self.task == "obb":
            return count == _CORNERS
        outline = count >= _LEAST_OUTLINE and count % 2 == 1
        # upstream makes a box of an outline
        return outline or (self.task == DETECT and count == _BOX)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line: an error leaves upstream without the image, a warning without the object."""

    line: int
    severity: str
    what: str


@dataclass(frozen=True)
class Labels:
    """A label file: the class of each object, and its faults."""

    classes: tuple[int, ...]
    faults: tuple[Fault, ...]


def read_labels(text: str, form: LabelFormat) -> Labels:
    """Return what a label file says, and what is wrong with it."""
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    classes, faults, seen = [], [], set()
    for number, words in lines:
        found = [Fault(number, ERROR, what) for what in _errors(words, form)]
        if not found:
            classes.append(int(float(words[0])))
            if tuple(words) in seen:
                found = [Fault(number, WARNING, "the same object again: upstream takes it once")]
        seen.add(tuple(words))
        faults.extend(found)
    return Labels(tuple(classes), tuple(faults))


def _errors(words: list[str], form: LabelFormat) -> Iterator[str]:
    try:
        kind, *values = map(float, words)
    except ValueError:
        yield f"holds something other than numbers: {' '.join(words)[:60]}"
        return
    if not form.takes(len(words)):
        yield f"has {len(words)} numbers; a line is {form.describe()}"
        return
    if kind != int(kind) or not 0 <= kind < form.classes:
        yield f"names class {words[0]}; the classes are 0 to {form.classes - 1}"
    outside = [value for value in _shares(values, form) if not 0 <= value <= 1]
    if outside:
        yield f"has {outside[0]:g} where a share of the image's side, 0 to 1, belongs (pixels are not shares)"
    if len(words) == _BOX and min(values[2:]) <= 0:
        yield "has a box without a size"


def _shares(values: list[float], form: LabelFormat) -> list[float]:
    """Return the numbers that are lengths; a third number of a keypoint is its visibility."""
    if form.task != "pose" or form.keypoints[1] != 3:
        return values
    box, points = values[:4], values[4:]
    return box + [value for place, value in enumerate(points) if place % 3 != 2]
