"""Arguments of a constructor that only a trial decides: their defaults, the map's channels, or a part of these."""

from __future__ import annotations

from collections.abc import Sequence

from yolopatch.core.paste.calls import Given, names_in
from yolopatch.core.paste.follow.trial import FAILED, OK, Trial
from yolopatch.core.paste.judging.subject import Subject, one_map, values
from yolopatch.wire import arguments as by

_PARTS = (2, 4, 8)  # of a map's channels, as the inner layers of blocks have them
_UNSET = ("0", "None")  # defaults that are no number of channels
# what the rows of the families do not name: a class may do better with its own default
_NOT_IN_ROWS = (by.PADDING, by.ACTIVATION, by.GROUPS, by.DILATION)


def leave_to_defaults(subject: Subject, given: Sequence[Given]) -> tuple[Given, ...]:
    """Return the arguments without one that makes the code raise, where its default does not.

    A padding of k // 2 is right for the first convolution of a class, and wrong for a second one with another kernel:
    `self.cv1 = Conv(c1, c_, k, s, p)`, `self.cv2 = Conv(c_, c_, 5, 1, p, c_)`. A pool of fixed windows works with its
    own stride alone.
    """
    if subject.missing(given) or not _fails(_equal(subject, given)):
        return tuple(given)
    optional = {one.name for one in subject.constructor.arguments if one.default is not None}
    for one in given:
        if one.argument in optional and one.value in (*_NOT_IN_ROWS, by.STRIDE):
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
    if not missing and not known & {by.INPUTS, by.OUTPUTS}:
        renamed = _in_place_of_name(subject, given)
        if renamed:
            return renamed
    if len(missing) > 1 or known & {by.INPUTS, by.OUTPUTS}:
        return tuple(given)
    if missing:
        tried = (*given, Given(missing[0], by.INPUTS, "so called, it keeps the shape of its map"))
        kept = [_equal(subject, tried, width).shape == one_map(width) for width in subject.widths]
        return tried if all(kept) else tuple(given)
    return _in_place_of_default(subject, given)


def _in_place_of_name(subject: Subject, given: Sequence[Given]) -> tuple[Given, ...]:
    """Return the map's channels for the only required argument, where the class works with these and not with its name.

    `def __init__(self, k)`, of weights for k channels.
    """
    required = subject.constructor.required
    if len(required) != 1 or _equal(subject, given).state != FAILED:
        return ()
    rest = [one for one in given if one.argument != required[0].name]
    tried = (*rest, Given(required[0].name, by.INPUTS, "so called, it keeps the shape of its map"))
    kept = [_equal(subject, tried, width).shape == one_map(width) for width in subject.widths]
    return tried if all(kept) else ()


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


def with_scaled_width(subject: Subject, given: Sequence[Given]) -> tuple[Given, ...]:
    """Return the arguments with another number of output channels, where not so many come out as the class is told.

    `Bottleneck(inplanes, planes)` of a ResNet gives 4 times `planes`; without a layer on its shortcut it can only keep
    the channels, and `planes` is then a quarter of those.
    """
    told = next((one for one in given if one.value == by.OUTPUTS), None)
    if told is None or subject.missing(given) or any(one.value == by.EXPANSION for one in given):
        return tuple(given)  # with an expansion, another row may give another part
    a, b = subject.widths
    wider, narrower = (subject.follow(given, values(c1, c2), [one_map(c1)]) for c1, c2 in ((a, b), (b, a)))
    value, why = "", ""
    if wider.shape and narrower.shape:
        value, why = _in_proportion(wider.shape[1] / b, narrower.shape[1] / a)
    elif wider.state == narrower.state == _equal(subject, given).state == FAILED:
        value, why = _part_of_inputs(subject, given, told), "so called, it keeps the shape of its map"
    return _with(given, told, value, why) if value else tuple(given)


def _in_proportion(ratio: float, other: float) -> tuple[str, str]:
    """Return the value of an argument of which a multiple comes out, and the reason; nothing where it is no such."""
    if ratio != other or ratio == 1:
        return "", ""
    if ratio > 1 and ratio % 1 == 0:
        return f"{by.OUTPUTS} // {ratio:.0f}", f"its map has {ratio:.0f} times as many channels as it says"
    if ratio < 1 and (1 / ratio) % 1 == 0:
        return f"{by.OUTPUTS} * {1 / ratio:.0f}", f"it says {1 / ratio:.0f} times as many channels as its map has"
    return "", ""


def _part_of_inputs(subject: Subject, given: Sequence[Given], told: Given) -> str:
    for part in _PARTS:
        value = f"{by.INPUTS} // {part}"
        tried = _with(given, told, value, "")
        if all(_equal(subject, tried, width).shape == one_map(width) for width in subject.widths):
            return value
    return ""


def _with(given: Sequence[Given], told: Given, value: str, why: str) -> tuple[Given, ...]:
    return tuple(Given(one.argument, value, why) if one is told else one for one in given)


def _equal(subject: Subject, given: Sequence[Given], width: int = 0) -> Trial:
    width = width or subject.widths[0]
    return subject.follow(given, values(width, width), [one_map(width)])


def _fails(trial: Trial) -> bool:
    return trial.state == FAILED or (trial.state == OK and trial.shape is None)
