"""A class that is a model's head: it reads the maps of several strides, and is told the classes."""

from __future__ import annotations

from yolopatch.catalog.kinds import HEAD, HEAD_STEMS
from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow.trial import OK
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.subject import BATCH, SIZE, Subject, values
from yolopatch.errors import OpenError
from yolopatch.wire import arguments as by

_CLASSES = frozenset(
    {"nc", "num_classes", "n_classes", "num_class", "class_num", "classes", "num_cls", "ncls", "n_cls", "cls_num"}
)
_LISTS = frozenset(
    {"ch", "chs", "channels", "in_channels", "inputs", "in_channels_list", "channels_list", "in_chs", "filters"}
)
_BOX = 64  # channels of a box in upstream's Detect: 4 sides of 16 parts
_GUESS = 64  # of a width, to see what a module does
_CLASSES_TRIED = 80
_PYRAMIDS = ((64, 128, 256), (32, 64, 64))  # channels of the maps that heads read, at two scales


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
    if base and not stem:
        return Found(HEAD, f"it inherits from upstream's {base}", given, stem=base)
    seen = None if subject.missing(given) else [_channels(subject, given, widths) for widths in _PYRAMIDS]
    outputs = _before_head(seen) if seen and classes_of(subject) is None else ""
    if stem:
        return Found(HEAD, "from --like", given, outputs=outputs, stem=stem)
    if outputs:
        why = "of each map it makes another one of its size, so it goes before the model's head"
        return Found(HEAD, why, given, outputs=outputs, stem="Detect")
    if seen and classes_of(subject) and all(channels == (_BOX + _CLASSES_TRIED,) * 3 for channels in seen):
        why = f"of each map it makes {_BOX} channels for boxes, and one for each class, as upstream's Detect"
        return Found(HEAD, why, given, stem="Detect")
    if subject.missing(given) and classes_of(subject) is None:
        _ask_for_widths(subject, given)
    return None


def _ask_for_widths(subject: Subject, given: tuple[Given, ...]) -> None:
    """Ask for the numbers of a module that goes before a head, if it is one with a guess of them.

    Raises:
        OpenError: it is one.
    """
    missing = subject.missing(given)
    guessed = (*given, *(Given(name, str(_GUESS), "") for name in missing))
    outputs = _before_head([_channels(subject, guessed, widths) for widths in _PYRAMIDS])
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
    maps = [(BATCH, c, SIZE[0] >> n, SIZE[1] >> n) for n, c in enumerate(widths)]
    known = {**values(), by.INPUT_LIST: list(widths), by.COUNT: len(widths), by.CLASSES: _CLASSES_TRIED}
    trial = subject.follow(given, known, [maps])
    shapes = trial.shapes if trial.state == OK else None
    if shapes is None or [(s[0], *s[2:]) for s in shapes] != [(m[0], *m[2:]) for m in maps]:
        return None
    return tuple(shape[1] for shape in shapes)


def _before_head(seen: list[tuple[int, ...] | None]) -> str:
    """Return the list of channels that a module gives to a head, as an expression; "" where it is another one."""
    if all(channels == widths for channels, widths in zip(seen, _PYRAMIDS)):
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
        elif one.name.casefold() in _LISTS and (one.default is None or one.default.startswith(("(", "["))):
            found.append(Given(one.name, by.INPUT_LIST, "by its name"))
    return tuple(found)
