"""Check label files in YOLO's formats, line by line."""

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
    """The format of a line in a label file.

    Attributes:
        task: detect, segment, pose or obb.
        classes: the number of classes.
        keypoints: for pose: how many, and how many numbers each has (2, or 3 with visibility).
    """

    task: str
    classes: int
    keypoints: tuple[int, int] = (0, 0)

    def describe(self) -> str:
        """Return the expected content of a line, in words."""
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
        # from an outline, upstream computes a box
        return outline or (self.task == DETECT and count == _BOX)


@dataclass(frozen=True)
class Fault:
    """A fault in a line: for an error upstream ignores the image, for a warning only the object."""

    line: int
    severity: str
    what: str


@dataclass(frozen=True)
class Labels:
    """A label file: the class of each object, and its faults."""

    classes: tuple[int, ...]
    faults: tuple[Fault, ...]


def read_labels(text: str, form: LabelFormat) -> Labels:
    """Return the classes and the faults in a label file."""
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    classes, faults, seen = [], [], set()
    for number, words in lines:
        found = [Fault(number, ERROR, what) for what in _errors(words, form)]
        if not found:
            classes.append(int(float(words[0])))
            if tuple(words) in seen:
                found = [Fault(number, WARNING, "repeats an object: upstream uses it once")]
        seen.add(tuple(words))
        faults.extend(found)
    return Labels(tuple(classes), tuple(faults))


def _errors(words: list[str], form: LabelFormat) -> Iterator[str]:
    try:
        kind, *values = map(float, words)
    except ValueError:
        yield f"has something other than numbers: {' '.join(words)[:60]}"
        return
    if not form.takes(len(words)):
        yield f"has {len(words)} numbers; expected: {form.describe()}"
        return
    if not (0 <= kind < form.classes and kind.is_integer()):  # nan and infinity are in no range
        yield f"has class {words[0]}; the classes are 0 to {form.classes - 1}"
    outside = [value for value in _shares(values, form) if not 0 <= value <= 1]
    if outside:
        yield f"has {outside[0]:g}; expected: 0 to 1, a share of the image's side (not pixels)"
    if len(words) == _BOX and min(values[2:]) <= 0:
        yield "has a box without a size"


def _shares(values: list[float], form: LabelFormat) -> list[float]:
    """Return the numbers that are lengths: all, except the visibility of keypoints."""
    if form.task != "pose" or form.keypoints[1] != 3:
        return values
    box, points = values[:4], values[4:]
    return box + [value for place, value in enumerate(points) if place % 3 != 2]
