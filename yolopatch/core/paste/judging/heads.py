"""A class that is a model's head: it reads the maps of several strides, and is told the classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from yolopatch.catalog.kinds import HEAD, HEAD_STEMS
from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow.trial import FAILED, OK, Trial
from yolopatch.core.paste.follow.values import Tensor
from yolopatch.core.paste.forward import inputs
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.subject import BATCH, SIZE, Subject, values
from yolopatch.errors import OpenError, UsageError
from yolopatch.wire import arguments as by

_CLASSES = frozenset(
    {"nc", "num_classes", "n_classes", "num_class", "class_num", "classes", "num_cls", "ncls", "n_cls", "cls_num"}
)
LISTS = frozenset(
    {"ch", "chs", "channels", "in_channels", "inputs", "in_channels_list", "channels_list", "in_chs", "filters"}
)
_NUMBERS = frozenset({"channels", "in_channels", "filters"})  # of these, what is as often one number
_BOX = 64  # channels of a box in upstream's Detect: 4 sides of 16 parts
_GUESS = 64  # of a width, to see what a module does
_CLASSES_TRIED = 80
_PYRAMIDS = ((64, 128, 256), (32, 64, 64))  # channels of the maps that heads read, at two scales
# of heads for the maps of P2 or P6, or for two
_FOUR, _TWO = ((64, 128, 256, 512), (32, 64, 64, 128)), ((64, 128), (32, 64))
_MASKS = 32  # channels of the masks of upstream's Segment
_Channels = tuple[int, ...] | None  # of the maps that come out
_EMPTY = ("()", "[]", "tuple()")
_ANCHORS = "anchors"
_OF_ANCHOR = 5  # a box and its confidence, before the classes
# what upstream's heads get by their rows besides, with values to try; by name, as upstream and its posts have them
_OF_ROWS: Mapping[str, Any] = MappingProxyType(
    {_ANCHORS: [10, 13, 16, 30, 33, 23], "nm": _MASKS, "npr": 256, "kpt_shape": (17, 3), "ne": 1}
)


def classes_of(subject: Subject) -> Argument | None:
    """Return the argument of a constructor that is the number of classes."""
    return next((one for one in subject.constructor.arguments if one.name.casefold() in _CLASSES), None)


def inherited_head(subject: Subject) -> str:
    """Return upstream's head from which a class inherits; "" for none."""
    outside = (base.rpartition(".")[2] for base in subject.paste.bases(subject.symbol))
    return next((base for base in outside if base in HEAD_STEMS), "")


def find_head(subject: Subject, stem: str = "") -> Found | None:
    """Return a class as a head, or as a module before upstream's head; None where it is not certain that it is one.

    Args:
        subject: the class.
        stem: the head of upstream that it stands for; "" to find it out.
    """
    given = _given(subject)
    base = inherited_head(subject)
    if base or stem:
        _require_maps_alone(subject)
    if base and not stem:
        return Found(HEAD, f"it inherits from upstream's {base}", given, stem=base)
    seen = None if subject.missing(given) else _seen(subject, given, _PYRAMIDS)
    outputs = _before_head(seen, _PYRAMIDS) if seen and classes_of(subject) is None else ""
    if stem:
        _refuse_apart(subject, _tried(subject, given, _PYRAMIDS[0]))
        return Found(HEAD, "from --like", given, outputs=outputs, stem=stem)
    if outputs:
        return Found(HEAD, _BEFORE, given, outputs=outputs, stem="Detect")
    other = _before_other_maps(subject, given) if seen and classes_of(subject) is None else None
    if other:
        return other
    whole = _whole_head(subject, given) if seen is not None and classes_of(subject) else None
    if whole:
        return whole
    if subject.missing(given) and classes_of(subject) is None:
        _ask_for_widths(subject, given)
    return None


_BEFORE = "of each map it makes another one of its size, so it goes before the model's head"


def _before_other_maps(subject: Subject, given: tuple[Given, ...]) -> Found | None:
    """Return a class as a module before a head that reads four maps, or two; None where it is none."""
    for pyramids in (_FOUR, _TWO):
        outputs = _before_head(_seen(subject, given, pyramids), pyramids)
        if outputs:
            doubt = _only_of_own(len(pyramids[0]))
            return Found(HEAD, _BEFORE, given, outputs=outputs, stem="Detect", doubt=doubt, limited=True)
    return None


def _only_of_own(count: int) -> str:
    return f"it reads {count} maps, and the heads of the families read 3: it is for a YAML of your own"


def _refuse_apart(subject: Subject, trial: Trial) -> None:
    """Refuse a head that gives the boxes of its maps in one list, and the classes in another.

    Raises:
        UsageError: what it gives, and how to join it.
    """
    lists = trial.result if trial.state == OK and isinstance(trial.result, tuple) else ()
    if len(lists) < 2 or not all(isinstance(one, (list, tuple)) and one for one in lists):
        return
    raise UsageError(
        f"{subject.symbol} cannot be a model's head: in training, it gives {len(lists)} lists, and upstream's loss"
        " reads one",
        details=[
            f"expected: for each map one of its size, with {_BOX} channels for boxes and one for each class",
            f"found:    {subject.quoted(subject.constructor.line)}",
        ],
        hint="join them at the end of its forward, boxes first, and add the file again:"
        f" [torch.cat(both, 1) for both in zip(boxes, classes)]{subject.another}",
    )


def _require_maps_alone(subject: Subject) -> None:
    """Refuse a head whose forward needs more than the maps: `forward(self, x, text)`.

    Raises:
        UsageError: what else it takes.
    """
    taken = inputs(subject.paste, subject.symbol) or ()
    if len(taken) > 1:
        raise UsageError(
            f"{subject.symbol} cannot be a model's head: its forward takes {', '.join(taken)}",
            details=["expected: the list of maps alone, which is all that a model gives its head"],
            hint=f"let its forward take the maps alone, and add the file again{subject.another}",
        )


def reads_pyramid(subject: Subject) -> bool:
    """Tell whether a class is a head: it gets the classes, and a list that parse_model fills in, or inherits one."""
    filled = any(
        one.default in _EMPTY or (one.default is None and one.name.casefold() in LISTS - _NUMBERS)
        for one in subject.constructor.arguments
    )
    outside = (base for base in subject.paste.bases(subject.symbol) if base not in subject.paste.classes)
    inherits = any(stem in base for base in outside for stem in HEAD_STEMS)  # v10Detect
    return classes_of(subject) is not None and (filled or inherits)


def not_a_known_head(subject: Subject) -> UsageError:
    """Return the error for a class with the constructor of a head: its code fails, or cannot be followed.

    Raises:
        UsageError: its forward needs more than the maps.
    """
    given = _given(subject)
    trial = _tried(subject, given, _PYRAMIDS[0])
    _refuse_apart(subject, trial)
    if trial.state == FAILED and not subject.missing(given):
        _require_maps_alone(subject)
        return UsageError(
            f"{subject.symbol} cannot be a model's head: {trial.why}",
            details=[
                f"found: {subject.quoted(trial.line)}",
                f"with:  maps of {', '.join(map(str, _PYRAMIDS[0]))} channels, each half as large as the last",
            ],
            hint=f"{subject.remedy}{subject.another}",
        )
    why = f"; it cannot be followed: {trial.why}" if trial.state != OK else ""
    return OpenError(
        "like",
        "like what",
        {"Detect": "it is a detection head", "Concat": "it joins maps into one"},
        f"{subject.symbol} takes several maps and a number of classes: it is not clear which head it is{why}",
        details=[f"found: {subject.quoted(trial.line or subject.constructor.line)}"],
        hint="name the head that it replaces: --like Detect (or Segment, Pose, OBB, Classify)",
    )


def _whole_head(subject: Subject, given: tuple[Given, ...]) -> Found | None:
    """Return a class as one of upstream's heads, by what it gives in training."""
    for pyramids in (_PYRAMIDS, _FOUR[:1], _TWO[:1]):
        stems = {_stem(subject, _tried(subject, given, widths), widths) for widths in pyramids}
        stem = stems.pop() if len(stems) == 1 else ""
        if stem:
            why = f"of each map it makes {_BOX} channels for boxes, and one for each class, as upstream's {stem}"
            if any(one.value == _ANCHORS for one in given):
                why = "of each map it makes a box and its classes at each anchor, as yolov5's Detect"
            count = len(pyramids[0])
            doubt = "" if count == len(_PYRAMIDS[0]) else _only_of_own(count)
            return Found(HEAD, why, given, stem=stem, doubt=doubt, limited=bool(doubt))
    return None


def _stem(subject: Subject, trial: Trial, widths: tuple[int, ...]) -> str:
    """Return which of upstream's heads gives this in training; "" for none."""
    if trial.state != OK:
        return ""
    if _at_anchors(trial, widths):
        return "Detect"
    result, expected = trial.result, (_BOX + _CLASSES_TRIED,) * len(widths)
    if _of_each(trial.shapes, widths) == expected:
        return "Detect"
    if not isinstance(result, tuple) or not isinstance(result[0], list):
        return ""
    boxes, *more = result
    shapes = tuple(one.shape for one in boxes if isinstance(one, Tensor))
    names = {one.name for one in subject.constructor.arguments}
    tensors = [one.shape for one in more if isinstance(one, Tensor)]
    if _of_each(shapes, widths) != expected or len(tensors) != len(more):
        return ""
    if len(tensors) == 2 and [shape[1] for shape in tensors] == [_MASKS, _MASKS]:
        return "Segment"
    if len(tensors) == 1:
        return "Pose" if "kpt_shape" in names else "OBB" if "ne" in names else ""
    return ""


def _at_anchors(trial: Trial, widths: tuple[int, ...]) -> bool:
    """Tell whether a class gives the boxes at each map's anchors, as yolov5's head does."""
    count = len(_OF_ROWS[_ANCHORS]) // 2
    wanted = tuple((b, count, h, w, _OF_ANCHOR + _CLASSES_TRIED) for b, _, h, w in _maps(widths))
    return trial.shapes == wanted


def _ask_for_widths(subject: Subject, given: tuple[Given, ...]) -> None:
    """Ask for the numbers of a module that goes before a head, if it is one with a guess of them.

    Raises:
        OpenError: it is one.
    """
    missing = subject.missing(given)
    guessed = (*given, *(Given(name, str(_GUESS), "") for name in missing))
    outputs = _before_head(_seen(subject, guessed, _PYRAMIDS), _PYRAMIDS)
    if not outputs:
        return
    values = {one.argument: one.value for one in guessed}
    call = ", ".join(f"{one.name}={values[one.name]}" for one in subject.constructor.required)
    more = f' --outputs "{outputs}"' if outputs != by.INPUT_LIST else ""
    raise OpenError(
        "args",
        f"arguments of {subject.symbol}",
        {},
        f"{subject.symbol} gives each map back, so it goes before the model's head, and {', '.join(missing)} is open",
        details=[f"found: {subject.quoted(subject.constructor.line)}"],
        hint=f'say it: --like Detect --args "{call}"{more}',
    )


def _channels(subject: Subject, given: tuple[Given, ...], widths: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the channels of the maps that come out, if each has the size of one that went in."""
    trial = _tried(subject, given, widths)
    return _of_each(trial.shapes, widths) if trial.state == OK else None


def _tried(subject: Subject, given: tuple[Given, ...], widths: tuple[int, ...]) -> Trial:
    return subject.follow(given, _known(widths), [_maps(widths)])


def _known(widths: tuple[int, ...]) -> dict[str, Any]:
    """Return what the names in the call of a head are where it reads maps of these channels."""
    known = {**values(), by.INPUT_LIST: list(widths), by.COUNT: len(widths), by.CLASSES: _CLASSES_TRIED}
    return {**known, **_OF_ROWS, _ANCHORS: [_OF_ROWS[_ANCHORS]] * len(widths)}


def given_by_rows(subject: Subject) -> tuple[tuple[Given, ...], dict[str, Any]]:
    """Return what a row gives a head, and what the names in it are for usual maps."""
    return _given(subject), _known(_PYRAMIDS[0])


def _maps(widths: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [(BATCH, c, SIZE[0] >> n, SIZE[1] >> n) for n, c in enumerate(widths)]


def _of_each(shapes: tuple[tuple[int, ...], ...] | None, widths: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the channels of maps that have the sizes of those that went in; None for others."""
    if shapes is None or [(s[0], *s[2:]) for s in shapes] != [(m[0], *m[2:]) for m in _maps(widths)]:
        return None
    return tuple(shape[1] for shape in shapes)


def _seen(subject: Subject, given: tuple[Given, ...], pyramids: Sequence[tuple[int, ...]]) -> list[_Channels]:
    return [_channels(subject, given, widths) for widths in pyramids]


def _before_head(seen: list[_Channels], pyramids: Sequence[tuple[int, ...]]) -> str:
    """Return the list of channels that a module gives to a head, as an expression; "" where it is another one."""
    if all(channels == widths for channels, widths in zip(seen, pyramids)):
        return by.INPUT_LIST
    known = {channels for channels in seen if channels}
    if len(seen) == len([*filter(None, seen)]) and len(known) == 1:
        (channels,) = known
        return f"[{channels[0]}] * {by.COUNT}" if len(set(channels)) == 1 else ""
    return ""


def _given(subject: Subject) -> tuple[Given, ...]:
    found = []
    for one in subject.constructor.arguments:
        if one.name.casefold() in _CLASSES:
            found.append(Given(one.name, by.CLASSES, "by its name"))
        elif one.name.casefold() in LISTS and (one.default is None or one.default.startswith(("(", "["))):
            found.append(Given(one.name, by.INPUT_LIST, "by its name"))
        elif one.name in _OF_ROWS:
            found.append(Given(one.name, one.name, "by its name"))
    return tuple(found)
