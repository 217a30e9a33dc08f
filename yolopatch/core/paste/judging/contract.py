"""What each kind promises about maps, and whether a class keeps it: for several widths, sizes and strides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from yolopatch.catalog.kinds import ATTENTION, BLOCK, CONV_LIKE, DOWN, POOL, PSA, UP
from yolopatch.core.paste.calls import Given, names_in
from yolopatch.core.paste.follow.rules.sizes import shown
from yolopatch.core.paste.follow.trial import FAILED, UNKNOWN, Half, Trial
from yolopatch.core.paste.judging.subject import BATCH, SIZE, WIDTHS, Subject, one_map, values
from yolopatch.wire import arguments as by

_CHANNELS = (by.INPUTS, by.OUTPUTS)
HOLDS, BROKEN, OPEN = "holds", "broken", "open"
_SAME, _HALF, _DOUBLE = 1.0, 0.5, 2.0
_WORDS = {_SAME: "the size of its input", _HALF: "half the size of its input", _DOUBLE: "twice the size of its input"}


@dataclass(frozen=True)
class Case:
    """A class in a model.

    Attributes:
        values: what the names in its call are.
        inputs: of its forward.
        factor: the height of its output, as a part of that of its input.
        channels: of its output; None for any.
        where: what the case is, for a message.
        training: whether it is in train mode.
    """

    values: dict[str, Any]
    inputs: tuple[Any, ...]
    factor: float = _SAME
    channels: int | None = None
    where: str = ""
    training: bool = True


@dataclass(frozen=True)
class Verdict:
    """Whether a class keeps what its kind promises.

    Attributes:
        state: HOLDS, BROKEN, or OPEN where the code cannot be followed.
        why: what is wrong, or what cannot be followed.
        line: where; 0 where no line is to blame.
        expected, found: of a map that is another; "" where the code raises.
        case: that was followed.
    """

    state: str
    why: str = ""
    line: int = 0
    expected: str = ""
    found: str = ""
    case: Case | None = None


def check(subject: Subject, kind: str, given: Sequence[Given], stride: int = 1, *, widening: int = 0) -> Verdict:
    """Return whether a class keeps what its kind promises.

    Args:
        subject: the class.
        kind: one that takes one map and gives one.
        given: the values of its constructor's arguments.
        stride: of a convolution whose constructor has no argument for it.
        widening: how many times as many channels come out as go in, if it gets only such rows; 0 for any row.
    """
    found = Verdict(HOLDS)
    for case in cases(kind, given, stride, subject.widths, widening or 1):
        if widening and case.values[by.INPUTS] * widening != case.values[by.OUTPUTS]:
            continue
        found = judge(case, subject.follow(given, case.values, case.inputs, training=case.training))
        if found.state != HOLDS:
            return found
    return found


def in_row(subject: Subject, kind: str, given: Sequence[Given], row: Mapping[str, Any], where: str) -> Verdict:
    """Return whether a class keeps what its kind promises in one row of a model.

    Args:
        subject, kind, given: as in `check`.
        row: the channels in and out, and what else the row says.
        where: what the row is, for a message.
    """
    named = row.get(by.EXPANSION)  # else it is the class's own
    told = [replace(one, value=repr(named)) if named and one.value == by.EXPANSION else one for one in given]
    known = values(row[by.INPUTS], row[by.OUTPUTS], **{name: row[name] for name in row if name not in _CHANNELS})
    factor = 1 / known[by.STRIDE] if kind in CONV_LIKE else {UP: _DOUBLE}.get(kind, _SAME)
    channels = None if kind == UP else known[by.OUTPUTS]
    case = Case(known, (one_map(known[by.INPUTS]),), factor, channels, where)
    return judge(case, subject.follow(told, case.values, case.inputs))


def in_block(subject: Subject, kind: str, given: Sequence[Given]) -> Verdict:
    """Return whether a convolution of stride 1 works where a block of upstream's has it; arguments as in `check`."""
    c = subject.widths[0]
    case = Case(values(c, c), (Half(one_map(c)),), _SAME, c, "in a block, where its map is one half of another one")
    return judge(case, subject.follow(given, case.values, case.inputs))


def cases(
    kind: str, given: Iterable[Given], stride: int = 1, widths: tuple[int, int] = WIDTHS, widening: int = 1
) -> Iterator[Case]:
    """Yield what a model does with a class of a kind: train and validate it, and find its stride with one image."""
    names = {name for one in given for name in names_in(one.value)}
    a, b = widths
    equal = kind in (ATTENTION, UP, PSA)
    factor = {UP: _DOUBLE, DOWN: _HALF}.get(kind, _SAME)
    strides: tuple[int, ...] = (stride,)
    if kind == DOWN:
        strides = (2,)
    elif kind in CONV_LIKE and by.STRIDE in names:
        strides = (1, 2)
    for s in strides:
        part = 1 / s if kind in CONV_LIKE else factor
        # no model halves its map and its channels at once
        widths_of = ((a, a), (b, b)) if equal else ((a, b), (a, a)) if kind == DOWN else ((a, b), (b, a), (a, a))
        for c1, c2 in widths_of:
            yield _case(kind, c1, c2, s, part, "in training")
    for n in (2, 3) if kind in (BLOCK, PSA) and by.REPEATS in names else ():
        yield _case(kind, a, a, 1, _SAME, f"with {n} repeats", n=n)
    last = strides[-1]
    part = 1 / last if kind in CONV_LIKE else factor
    one_image = "with one image, by which a model finds its strides"
    yield _case(kind, a, a * widening, last, part, one_image, size=(8, 8), batch=1)
    yield _case(kind, a, a * widening, last, part, "in validation", size=(20, 12), training=False)


def _case(
    kind: str,
    c1: int,
    c2: int,
    s: int,
    factor: float,
    where: str,
    size: tuple[int, int] = SIZE,
    batch: int = BATCH,
    training: bool = True,
    n: int = 1,
) -> Case:
    k = 5 if kind == POOL else 3
    shape = one_map(c1, size, batch)
    channels = None if kind == UP else c2
    return Case(values(c1, c2, k=k, s=s, n=n), (shape,), factor, channels, where, training)


def judge(case: Case, trial: Trial) -> Verdict:
    """Return what a trial says of a case."""
    if trial.state == FAILED:
        return Verdict(BROKEN, trial.why, trial.line, case=case)
    if trial.findings:
        line, what = trial.findings[0]
        return Verdict(BROKEN, f"it {what}", line, case=case)
    if trial.state == UNKNOWN and not isinstance(trial.result, (tuple, list, dict)):
        return Verdict(OPEN, trial.why, trial.line, case=case)
    if trial.shape is None:
        return Verdict(BROKEN, "its forward returns no map", 0, "one map", described(trial.result), case)
    return _judge_shape(case, trial.shape)


def _judge_shape(case: Case, shape: tuple[int, ...]) -> Verdict:
    batch, _, height, width = case.inputs[0]
    size = (round(height * case.factor), round(width * case.factor))
    if len(shape) != 4 or shape[0] != batch:
        return Verdict(BROKEN, "its forward returns no map of its input's batch", 0, "one map", f"{list(shape)}", case)
    if shape[2:] != size:
        expected = f"a map of {_WORDS[case.factor]}, {size[0]}×{size[1]} of {height}×{width}"
        return Verdict(BROKEN, "its map has another size", 0, expected, f"{shape[2]}×{shape[3]}", case)
    if case.channels is not None and shape[1] != case.channels:
        expected = f"{case.channels} channels of {case.inputs[0][1]}"
        return Verdict(BROKEN, "its map has another number of channels", 0, expected, str(shape[1]), case)
    return Verdict(HOLDS, case=case)


def described(result: Any) -> str:
    """Return what a forward returns, for a message."""
    if result is None:
        return "nothing"
    if isinstance(result, (tuple, list, dict)):
        return f"a {type(result).__name__}"
    return shown(result)
