"""A class whose constructor fails with what it has by itself: with a default of its own, or for want of a keyword."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from yolopatch.core.paste.calls import Given, example
from yolopatch.core.paste.constructor import Argument
from yolopatch.core.paste.follow.trial import FAILED, Trial
from yolopatch.core.paste.judging.heads import given_by_rows, inherited_head, reads_pyramid
from yolopatch.core.paste.judging.images import made_for_image
from yolopatch.core.paste.judging.subject import Subject, values
from yolopatch.core.paste.judging.using import guesses
from yolopatch.errors import UsageError
from yolopatch.wire import arguments as by

# defaults that say only that nothing was given; a list of None is another one, and an empty list is what rows fill in
_UNSET = ("None", "''", "0")
# in the place of such a default, to see whether the code then comes further: a number, channels, one for each stage
_TRIED = ("8", by.INPUTS, f"[{', '.join([by.INPUTS] * 4)}]", "(8, 8)", f"[[{by.INPUTS}] * 4] * 4")
_MOST = 4  # defaults that are named


def refuse_own_defaults(subject: Subject, blamed: UsageError | None = None) -> None:
    """Refuse a class whose constructor fails with its own defaults, or without a keyword that it does not name.

    Args:
        subject: the class.
        blamed: why it is refused else; None where it is not yet: it may turn out that such a default is the place of
            the map's channels.

    Raises:
        UsageError: what is to be given, and how.
    """
    is_head = (reads_pyramid(subject) and not made_for_image(subject)) or bool(inherited_head(subject))
    if subject.sounded or (is_head and blamed is None):
        return
    given, known = given_by_rows(subject) if is_head else (_required(subject), values())
    trial = subject.follow(given, known, ())
    if trial.state != FAILED or trial.built:
        return
    if blamed and not any(subject.quoted(trial.line) in one for one in blamed.details):
        return
    if trial.ungiven:
        raise _ungiven(subject, trial)
    failing = _failing(subject, given, trial, known)
    channels = [*given, *(Given(one.name, by.INPUTS, "") for one in failing)]
    if failing and (blamed or not subject.follow(channels, known, ()).built):
        raise _own_default(subject, given, failing, trial)


def _required(subject: Subject) -> list[Given]:
    """Return a value for each argument that has no default."""
    required = {one.name for one in subject.constructor.required}
    return [one for one in guesses(subject.constructor) if one.argument in required]


def _failing(subject: Subject, given: Sequence[Given], trial: Trial, known: Mapping[str, Any]) -> list[Argument]:
    """Return the arguments with whose own defaults the constructor fails, one after the other."""
    failing: list[Argument] = []
    tried = list(given)
    while trial.state == FAILED and not trial.built and len(failing) < _MOST:
        found = next(_further(subject, tried, trial, known), None)
        if found is None:
            return failing
        argument, tried, trial = found
        failing.append(argument)
    return failing


def _further(
    subject: Subject, given: list[Given], trial: Trial, known: Mapping[str, Any]
) -> Iterator[tuple[Argument, list[Given], Trial]]:
    """Yield each argument with which, given something, the constructor comes past the line that fails."""
    named = {one.argument for one in given}
    for one in subject.constructor.arguments:
        if _says_nothing(one.default or "") and one.name not in named:
            tries = [[*given, Given(one.name, value, "")] for value in _TRIED]
            trials = [subject.follow(tried, known, ()) for tried in tries]
            best = max(range(len(trials)), key=lambda n: (trials[n].built, trials[n].line))
            if trials[best].built or trials[best].line > trial.line:
                yield one, tries[best], trials[best]


def _says_nothing(default: str) -> bool:
    return default in _UNSET or {*re.findall(r"\w+", default)} == {"None"}


def _own_default(subject: Subject, given: Sequence[Given], failing: Sequence[Argument], trial: Trial) -> UsageError:
    written = ", ".join(f"{one.name}={one.default}" for one in failing)
    known = {one.argument: one.value for one in given if not one.value.isdecimal()}
    wanted = example(subject.constructor, {**known, **{one.name: "..." for one in failing}})
    line = subject.paste.place(subject.constructor.line).line
    return UsageError(
        f"{subject.symbol} cannot be made with its own defaults, {written}: {trial.why}",
        details=[f"found: {subject.quoted(trial.line)}"],
        hint=f'give what its post gives: --args "{wanted}"; what is no number, text or list, such as a layer, needs a'
        f" default in its constructor, line {line}{subject.another}",
    )


def _ungiven(subject: Subject, trial: Trial) -> UsageError:
    line = subject.paste.place(subject.constructor.line).line
    return UsageError(
        f"{subject.symbol} cannot be made: its code takes {trial.ungiven} out of keywords that its constructor does not"
        " name, and a row of a model gives none",
        details=[f"found: {subject.quoted(trial.line)}"],
        hint=f"make it an argument of the constructor, line {line}, with a default,"
        f" {trial.ungiven}=..., use it in that line, and add the file again{subject.another}",
    )
