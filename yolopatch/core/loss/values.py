"""What is known of a value in the code of a loss: whether it grows or shrinks as two boxes come to agree."""

from __future__ import annotations

from dataclasses import dataclass, replace

# Which way a value goes as the boxes come to agree: an overlap grows, a loss shrinks, a size of one box does neither.
GROWS, SHRINKS, STAYS = 1, -1, 0

# What made a value, where that decides what an operation on it means.
FULL, LEAST, MOST, SHARED, DIFFERENCE = "box", "least", "most", "shared", "difference"


@dataclass(frozen=True)
class Value:
    """A value in the code of a loss.

    Attributes:
        trend: GROWS, SHRINKS or STAYS; None where that is not known.
        boxes: the names of the boxes that it was computed from.
        parts: of a plain part of one box, the numbers of its coordinates, from 0.
        made: one of the words above; "" for anything else.
        extreme: of the least or the most of two boxes' coordinates, the numbers of these, from 0.
        constant: its value where it is a constant of the code, as `ast.literal_eval` gives it; UNKNOWN for the rest.
        is_number: whether it is one number for all boxes.
        elements: of a tuple or a list, its values.
        axis: the place of an axis that was put before the coordinates of a box: `box[:, None]` has one at 1.
    """

    trend: int | None = STAYS
    boxes: frozenset[str] = frozenset()
    parts: tuple[int, ...] = ()
    made: str = ""
    extreme: tuple[int, ...] = ()
    constant: object = None
    is_constant: bool = False
    is_number: bool = False
    elements: tuple[Value, ...] = ()
    axis: int | None = None


PLAIN = Value()
UNKNOWN = Value(trend=None)


def constant(found: object) -> Value:
    """Return a constant of the code."""
    return Value(constant=found, is_constant=True)


def box(name: str) -> Value:
    """Return a whole box, one of the loss's arguments."""
    return Value(boxes=frozenset({name}), parts=(0, 1, 2, 3), made=FULL)


def part(whole: Value, numbers: tuple[int, ...]) -> Value:
    """Return some of a box's coordinates."""
    return Value(boxes=whole.boxes, parts=numbers, axis=whole.axis)


def negative(one: Value) -> Value:
    """Return `-x`."""
    if one.is_constant and isinstance(one.constant, (int, float)):
        return constant(-one.constant)
    return Value(_turned(one.trend), one.boxes, is_number=one.is_number)


def total(one: Value, other: Value) -> Value:
    """Return `x + y`."""
    number = one.is_number and other.is_number
    return Value(_together(one.trend, other.trend), one.boxes | other.boxes, is_number=number)


def difference(one: Value, other: Value) -> Value:
    """Return `x - y`: of what is least and most of two boxes, what they share or the space around them."""
    boxes = one.boxes | other.boxes
    if (one.made, other.made) == (LEAST, MOST):
        return Value(GROWS, boxes, made=SHARED)
    if (one.made, other.made) == (MOST, LEAST):
        return Value(STAYS, boxes)
    if other.made == SHARED and one.trend == STAYS and one.boxes:
        return Value(STAYS, boxes)  # a union
    apart = one.boxes and other.boxes and not one.boxes & other.boxes
    if apart and one.trend == other.trend == STAYS:
        return Value(None, boxes, made=DIFFERENCE)
    return Value(_together(one.trend, _turned(other.trend)), boxes, is_number=one.is_number and other.is_number)


def product(one: Value, other: Value) -> Value:
    """Return `x * y`."""
    boxes = one.boxes | other.boxes
    for left, right in ((one, other), (other, one)):
        if right.is_constant and isinstance(right.constant, (int, float)):
            made = left.made if left.made in (SHARED, DIFFERENCE) else ""
            return Value(left.trend if right.constant >= 0 else _turned(left.trend), boxes, made=made)
    if one.made == other.made == SHARED:
        return Value(GROWS, boxes, made=SHARED)
    if STAYS in (one.trend, other.trend):
        trend = other.trend if one.trend == STAYS else one.trend
        return Value(trend, boxes)
    return Value(one.trend if one.trend == other.trend else None, boxes)


def quotient(one: Value, other: Value) -> Value:
    """Return `x / y`."""
    boxes = one.boxes | other.boxes
    if other.is_constant or other.trend == STAYS:
        turned = other.is_constant and isinstance(other.constant, (int, float)) and other.constant < 0
        made = one.made if one.made == DIFFERENCE else ""
        return Value(_turned(one.trend) if turned else one.trend, boxes, made=made, is_number=one.is_number)
    if one.trend == STAYS:
        return Value(_turned(other.trend), boxes)
    opposite = one.trend is not None and one.trend == _turned(other.trend)
    return Value(one.trend if opposite else None, boxes)


def least_or_most(one: Value, other: Value, made: str) -> Value:
    """Return the smaller or the larger of two values: of one box each, or of one value and a bound."""
    boxes = one.boxes | other.boxes
    if one.boxes and other.boxes and not one.boxes & other.boxes:
        same = one.made != FULL and one.parts == other.parts
        return Value(STAYS, boxes, made=made, extreme=one.parts if same else ())
    return replace(grown(one if one.boxes else other), boxes=boxes)


def grown(one: Value) -> Value:
    """Return a value through a function that grows with it: `exp`, `sqrt`, `clamp`."""
    return replace(one, parts=(), made=one.made if one.made == SHARED else "", constant=None, is_constant=False)


def sized(one: Value) -> Value:
    """Return how large a value is, whatever its sign: its square, or its absolute value."""
    return Value(SHRINKS, one.boxes) if one.made == DIFFERENCE else grown(one)


def merged(one: Value, other: Value) -> Value:
    """Return what holds of two values, one of which it is."""
    if one == other:
        return one
    trend = one.trend if one.trend == other.trend else None
    made = one.made if one.made == other.made else ""
    parts = one.parts if one.parts == other.parts else ()
    return Value(trend, one.boxes | other.boxes, parts, made, is_number=one.is_number or other.is_number)


def _turned(trend: int | None) -> int | None:
    return None if trend is None else -trend


def _together(one: int | None, other: int | None) -> int | None:
    """Return the trend of a sum: what is not known counts for nothing beside what is, and opposites leave nothing."""
    if one in (STAYS, None):
        return other if other != STAYS else one
    if other in (STAYS, None):
        return one
    return one if one == other else None
