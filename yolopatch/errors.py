"""The errors of yolopatch, each with its exit code.

Every error says what happened, where, what was expected and found, and the next command to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

EXIT_ACT = 1
EXIT_USAGE = 2
EXIT_CONFLICT = 3
EXIT_VERIFY = 4  # not an error: a check of `verify` failed, and the report says which
EXIT_BUG = 5
EXIT_INTERRUPTED = 130

_NO_FACTS: Mapping[str, object] = MappingProxyType({})


class YolopatchError(Exception):
    """The user or the environment must act: exit code 1.

    Args:
        what: one sentence, what happened and where.
        details: further facts, one a line (expected and found, the sources tried).
        hint: what to do next, as a command where possible.
        facts: the same for programs, by name: fields that `--json` adds to the error.
    """

    exit_code = EXIT_ACT

    def __init__(
        self, what: str, *, details: Sequence[str] = (), hint: str = "", facts: Mapping[str, object] = _NO_FACTS
    ) -> None:
        super().__init__(what)
        self.what = what
        self.details = tuple(details)
        self.hint = hint
        self.facts = facts


class UsageError(YolopatchError):
    """The command does not know a given name or value: exit code 2."""

    exit_code = EXIT_USAGE


class OpenError(UsageError):
    """One option is needed to decide what a command does. A user at a terminal is asked for it.

    Args:
        option: the field of the request.
        question: in a few words.
        choices: the possible answers, each with its meaning; empty if any text may be the answer.
        what, details, hint: as in every error, for a run without a terminal.
    """

    def __init__(
        self,
        option: str,
        question: str,
        choices: Mapping[str, str],
        what: str,
        *,
        details: Sequence[str] = (),
        hint: str = "",
    ) -> None:
        super().__init__(what, details=details, hint=hint)
        self.option = option
        self.question = question
        self.choices = dict(choices)


class ConflictError(YolopatchError):
    """The user's own changes are in the way. Nothing was changed: exit code 3."""

    exit_code = EXIT_CONFLICT


class PatchError(YolopatchError):
    """A patch file is not a valid patch, or does not fit its pin."""


class SourceError(YolopatchError):
    """No source has the pin's content, or its content is different."""
