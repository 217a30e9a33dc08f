"""Scenes of discs, squares and triangles, and their labels in YOLO's formats; lengths in pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from colorsys import hsv_to_rgb
from dataclasses import dataclass
from random import Random

KINDS = ("disc", "square", "triangle")
KEYPOINTS = ("top", "right", "bottom", "left")
# the index of each keypoint after the image is mirrored
FLIPPED_KEYPOINTS = (0, 3, 2, 1)

_DISC_CORNERS = 24
_SMALLEST, _LARGEST = 0.12, 0.28  # radius, as a share of the image's side
_MOST_OBJECTS = 4
_TRIES = 40  # to find free space for an object; usually the first try succeeds
_VISIBLE = 2

Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """An object in an image.

    Attributes:
        kind: its class, an index in `KINDS`.
        x, y: its centre.
        radius: of the circle around it.
        angle: in radians, clockwise in the image.
        colour: red, green, blue.
    """

    kind: int
    x: float
    y: float
    radius: float
    angle: float
    colour: tuple[int, int, int]

    def outline(self) -> list[Point]:
        """Return its corners, in order."""
        return self._turned(self._corners())

    def rotated_box(self) -> list[Point]:
        """Return the four corners of its rotated box; the box of a disc is not rotated."""
        (left, right), (top, bottom) = _extent(self._corners())
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        return self._moved(corners) if KINDS[self.kind] == "disc" else self._turned(corners)

    def box(self) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom."""
        (left, right), (top, bottom) = _extent(self.outline())
        return left, top, right, bottom

    def keypoints(self) -> list[Point]:
        """Return its outermost corners, in the order of `KEYPOINTS`."""
        corners = self.outline()
        return [
            min(corners, key=lambda p: p[1]),
            max(corners, key=lambda p: p[0]),
            max(corners, key=lambda p: p[1]),
            min(corners, key=lambda p: p[0]),
        ]

    def _corners(self) -> list[Point]:
        """Return its corners around (0, 0), without rotation."""
        return _regular({"disc": _DISC_CORNERS, "square": 4, "triangle": 3}[KINDS[self.kind]], self.radius)

    def _turned(self, corners: Iterable[Point]) -> list[Point]:
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return self._moved((x * cos - y * sin, x * sin + y * cos) for x, y in corners)

    def _moved(self, corners: Iterable[Point]) -> list[Point]:
        return [(self.x + x, self.y + y) for x, y in corners]


def _regular(corners: int, radius: float) -> list[Point]:
    turns = [2 * math.pi * (number + 0.5) / corners for number in range(corners)]
    return [(radius * math.sin(turn), -radius * math.cos(turn)) for turn in turns]


def _extent(corners: Iterable[Point]) -> tuple[tuple[float, float], tuple[float, float]]:
    xs, ys = zip(*corners)
    return (min(xs), max(xs)), (min(ys), max(ys))


def scene(random: Random, side: int, kind: int | None = None) -> list[Shape]:
    """Return the objects of an image; no object covers another.

    Args:
        random: the source of all random numbers.
        side: of the square image.
        kind: the class of a single object; None for several objects of any class.
    """
    count = 1 if kind is not None else random.randint(1, _MOST_OBJECTS)
    shapes: list[Shape] = []
    for _ in range(count):
        candidates = (_any_shape(random, side, kind) for _ in range(_TRIES))
        free = next((one for one in candidates if not any(_near(one, other) for other in shapes)), None)
        if free:
            shapes.append(free)
    return shapes


def _any_shape(random: Random, side: int, kind: int | None) -> Shape:
    radius = side * random.uniform(_SMALLEST, _LARGEST)
    margin = radius * math.sqrt(2)  # the rotated box must fit into the image, too
    return Shape(
        kind=random.randrange(len(KINDS)) if kind is None else kind,
        x=random.uniform(margin, side - margin),
        y=random.uniform(margin, side - margin),
        radius=radius,
        angle=random.uniform(0, 2 * math.pi),
        colour=_vivid(random.random()),
    )


def _vivid(hue: float) -> tuple[int, int, int]:
    red, green, blue = hsv_to_rgb(hue, 0.9, 0.9)
    return round(255 * red), round(255 * green), round(255 * blue)


def _near(one: Shape, other: Shape) -> bool:
    return math.dist((one.x, one.y), (other.x, other.y)) < one.radius + other.radius


def label_line(shape: Shape, task: str, side: int) -> str:
    """Return the line of an object in a label file: its class, then lengths as shares of the image's side.

    Args:
        shape: the object.
        task: detect (centre, size), segment (outline), pose (centre, size, keypoints with visibility), or obb
            (the four corners of the rotated box).
        side: of the image.
    """
    numbers = [round(value / side, 6) for value in _LENGTHS[task](shape)]
    if task == "pose":
        for place in range(len(numbers), 4, -2):
            numbers.insert(place, _VISIBLE)
    return " ".join(map(str, (shape.kind, *numbers)))


def _centre_and_size(shape: Shape) -> list[float]:
    left, top, right, bottom = shape.box()
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _flat(points: Iterable[Point]) -> list[float]:
    return [value for point in points for value in point]


_LENGTHS: Mapping[str, Callable[[Shape], list[float]]] = {
    "detect": _centre_and_size,
    "segment": lambda shape: _flat(shape.outline()),
    "pose": lambda shape: [*_centre_and_size(shape), *_flat(shape.keypoints())],
    "obb": lambda shape: _flat(shape.rotated_box()),
}
