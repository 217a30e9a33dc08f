"""What can go wrong, each with the exit code that the command line promises.

Every error says what happened, where, what was expected and found, and the next command to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

EXIT_ACT = 1
EXIT_USAGE = 2
EXIT_CONFLICT = 3
EXIT_VERIFY = 4  # no error: a check of `verify` failed, and the report says which
EXIT_BUG = 5
EXIT_INTERRUPTED = 130


class YolopatchError(Exception):
    """The user or the environment must act: exit code 1.

    Args:
        what: one sentence, what happened and where.
        details: further facts, one a line (expected and found, the sources tried).
        hint: the next thing to do, a command where there is one.
    """

    exit_code = EXIT_ACT

    def __init__(self, what: str, *, details: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.details = tuple(details)
        self.hint = hint


class UsageError(YolopatchError):
    """The command was called with names or values that it does not know: exit code 2."""

    exit_code = EXIT_USAGE


class OpenError(UsageError):
    """What a command is to do is open, and one option says it: a user at a terminal is asked.

    Args:
        option: the request's field for it.
        question: in a few words.
        choices: what may be answered, each with what it means; none for any text.
        what, details, hint: as every error has them, for whoever cannot be asked.
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
    """The user's own changes are in the way; nothing was changed: exit code 3."""

    exit_code = EXIT_CONFLICT


class PatchError(YolopatchError):
    """A patch file is not what a patch may be, or does not fit its pin."""


class SourceError(YolopatchError):
    """No source gave the pin's content, or what came is not the pin's content."""
