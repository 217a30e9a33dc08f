"""A class that is a model's head: it reads the maps of several strides, and is told the classes."""

from __future__ import annotations

from yolopatch.catalog.kinds import HEAD, HEAD_STEMS
from yolopatch.core.paste.calls import Given
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow.trial import OK
from yolopatch.core.paste.judging.found import Found
from yolopatch.core.paste.judging.subject import BATCH, SIZE, Subject, values
from yolopatch.wire import arguments as by

_CLASSES = frozenset(
    {"nc", "num_classes", "n_classes", "num_class", "class_num", "classes", "num_cls", "ncls", "n_cls", "cls_num"}
)
_LISTS = frozenset(
    {"ch", "chs", "channels", "in_channels", "inputs", "in_channels_list", "channels_list", "in_chs", "filters"}
)
_BOX = 64  # channels of a box in upstream's Detect: 4 sides of 16 parts
_WIDTHS = (64, 128, 256)


def classes_of(subject: Subject) -> Argument | None:
    """Return the argument of a constructor that is the number of classes."""
    return next((one for one in subject.constructor.arguments if one.name.casefold() in _CLASSES), None)


def inherited_head(subject: Subject) -> str:
    """Return upstream's head from which a class inherits; "" for none."""
    outside = (base.rpartition(".")[2] for base in subject.paste.bases(subject.symbol))
    return next((base for base in outside if base in HEAD_STEMS), "")


def find_head(subject: Subject, stem: str = "") -> Found | None:
    """Return a class as a head; None where it is not certain that it is one.

    Args:
        subject: the class.
        stem: the head of upstream that it stands for; "" to find it out.
    """
    given = _given(subject)
    base = inherited_head(subject)
    if stem or base:
        why = "from --like" if stem else f"it inherits from upstream's {base}"
        return Found(HEAD, why, given, stem=stem or base)
    if classes_of(subject) is None or subject.missing(given):
        return None
    count = 80
    maps = [(BATCH, c, SIZE[0] >> n, SIZE[1] >> n) for n, c in enumerate(_WIDTHS)]
    known = {**values(), by.INPUT_LIST: list(_WIDTHS), by.COUNT: len(_WIDTHS), by.CLASSES: count}
    trial = subject.follow(given, known, [maps])
    shapes = trial.shapes if trial.state == OK else None
    if shapes is None or [(s[0], *s[2:]) for s in shapes] != [(m[0], *m[2:]) for m in maps]:
        return None
    if {shape[1] for shape in shapes} != {_BOX + count}:
        return None
    why = f"of each map it makes {_BOX} channels for boxes, and one for each class, as upstream's Detect"
    return Found(HEAD, why, given, stem="Detect")


def _given(subject: Subject) -> tuple[Given, ...]:
    found = []
    for one in subject.constructor.arguments:
        if one.name.casefold() in _CLASSES:
            found.append(Given(one.name, by.CLASSES, "by its name"))
        elif one.name.casefold() in _LISTS and (one.default is None or one.default.startswith(("(", "["))):
            found.append(Given(one.name, by.INPUT_LIST, "by its name"))
    return tuple(found)
