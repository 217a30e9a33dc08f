"""Arguments of a constructor that only a trial decides: left to the class's own default, or the map's channels."""

from __future__ import annotations

from collections.abc import Sequence

from yolopatch.core.paste.calls import Given, names_in
from yolopatch.core.paste.follow.trial import FAILED, OK, Trial
from yolopatch.core.paste.judging.subject import Subject, one_map, values
from yolopatch.wire import arguments as by

_UNSET = ("0", "None")  # defaults that are no number of channels
# what the rows of the families do not name: a class may do better with its own default
_NOT_IN_ROWS = (by.PADDING, by.ACTIVATION, by.GROUPS, by.DILATION)


def leave_to_defaults(subject: Subject, given: Sequence[Given]) -> tuple[Given, ...]:
    """Return the arguments without one that makes the code raise, where its default does not.

    A padding of k // 2 is right for the first convolution of a class, and wrong for a second one with another kernel:
    `self.cv1 = Conv(c1, c_, k, s, p)`, `self.cv2 = Conv(c_, c_, 5, 1, p, c_)`.
    """
    if subject.missing(given) or not _fails(_equal(subject, given)):
        return tuple(given)
    optional = {one.name for one in subject.constructor.arguments if one.default is not None}
    for one in given:
        if one.argument in optional and one.value in _NOT_IN_ROWS:
            rest = tuple(other for other in given if other is not one)
            if not _fails(_equal(subject, rest)):
                return rest
    return tuple(given)


def with_only_width(subject: Subject, given: Sequence[Given]) -> tuple[Given, ...]:
    """Return the arguments with the map's channels for one of which only a trial shows that it is their number.

    The only open one, if the class then keeps its map's shape; or one whose default is a placeholder, with which the
    class fails, and without which it does not: `def __init__(self, embed_size=0)`.
    """
    known = {name for one in given for name in names_in(one.value)}
    missing = subject.missing(given)
    if len(missing) > 1 or known & {by.INPUTS, by.OUTPUTS}:
        return tuple(given)
    if missing:
        tried = (*given, Given(missing[0], by.INPUTS, "so called, it keeps the shape of its map"))
        kept = [_equal(subject, tried, width).shape == one_map(width) for width in subject.widths]
        return tried if all(kept) else tuple(given)
    return _in_place_of_default(subject, given)


def _in_place_of_default(subject: Subject, given: Sequence[Given]) -> tuple[Given, ...]:
    named = {one.argument for one in given}
    unset = [one for one in subject.constructor.arguments if one.default in _UNSET and one.name not in named]
    if not unset or _goes_on(subject, given):
        return tuple(given)
    built = _equal(subject, given).built
    for one in unset:
        tried = (*given, Given(one.name, by.INPUTS, f"with {one.name}={one.default}, its own default, it fails"))
        if _goes_on(subject, tried) or (not built and _equal(subject, tried).built):
            return tried
    return tuple(given)


def _goes_on(subject: Subject, given: Sequence[Given]) -> bool:
    """Tell whether the code of a class does not fail with a map, or with its values in the other usual layouts."""
    batch, channels, height, width = one_map(subject.widths[0])
    layouts = ((batch, channels, height, width), (batch, height, width, channels), (batch, height * width, channels))
    known = values(channels, channels)
    return any(subject.follow(given, known, [layout]).state != FAILED for layout in layouts)


def with_named_width(subject: Subject, given: Sequence[Given]) -> tuple[Given, ...]:
    """Return the arguments with the output channels, where another number of channels turns out to be that.

    `(input_dim, embed_dim=32)`: the name of the second says only that it is a number of channels.
    """
    known = {name for one in given for name in names_in(one.value)}
    named = {one.argument for one in given}
    if by.INPUTS not in known or by.OUTPUTS in known:
        return tuple(given)
    for one in subject.constructor.arguments:
        if one.meaning != by.CHANNELS or one.name in named:
            continue
        tried = (*given, Given(one.name, by.OUTPUTS, "its map has as many channels as it says"))
        a, b = subject.widths
        trials = {c2: subject.follow(tried, values(c1, c2), [one_map(c1)]).shape for c1, c2 in ((a, b), (b, a))}
        if not subject.missing(tried) and all(shape is not None and shape[1] == c2 for c2, shape in trials.items()):
            return tried
    return tuple(given)


def _equal(subject: Subject, given: Sequence[Given], width: int = 0) -> Trial:
    width = width or subject.widths[0]
    return subject.follow(given, values(width, width), [one_map(width)])


def _fails(trial: Trial) -> bool:
    return trial.state == FAILED or (trial.state == OK and trial.shape is None)
