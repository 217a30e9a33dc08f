"""A step that fails, a disk that is full, files that may not grow: the command says so, and nothing was changed."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from commands import LIGHT, result
from lab import Lab
from recovering import Reference, check_recovers, prepare, reference_of
from rows.kills import distinct
from tally import Died, Tally
from watching import check_ended_well, check_none_runs, differences

_HARMS = (
    {"harm": errno.ENOSPC, "stays": True},  # a full disk stays full
    {"harm": errno.EIO},
    {"harm": errno.EACCES},
)
_FILE_SIZES = (0, 2_000, 200_000)  # bytes; git's packs are larger
_SAYS_HALF_DONE = ("only partly", "run the command again")


@dataclass(frozen=True)
class Failure:
    """A command, and what fails in it."""

    reference: Reference
    plan: tuple[tuple[str, object], ...]

    def __str__(self) -> str:
        told = dict(self.plan)
        if "file" in told:
            return f"{self.reference.command.name}, no file over {told['file']} bytes"
        step = self.reference.steps[int(str(told["at"])) - 1]
        return f"{self.reference.command.name}, {errno.errorcode[int(str(told['harm']))]} at step {told['at']}, {step}"


def failures(lab: Lab, tally: Tally) -> None:
    """Let steps of every command that writes and builds no model fail."""
    chosen = LIGHT if tally.budget.most is None else LIGHT[:2]
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder:
        cases: list[Failure] = []
        for number, command in enumerate(chosen):
            reference = reference_of(lab, command, prepare(lab, command, Path(folder) / str(number)))
            cases += _failures_of(reference)
        tally.each(cases, lambda failure: _fail(lab, failure))


def _failures_of(reference: Reference) -> Iterator[Failure]:
    for at, _ in distinct(reference.steps):
        harm = {**_HARMS[at % len(_HARMS)], "at": at}
        yield Failure(reference, tuple(harm.items()))
    for size in _FILE_SIZES:
        yield Failure(reference, (("file", size),))


def _fail(lab: Lab, failure: Failure) -> None:
    reference, command = failure.reference, failure.reference.command
    with lab.sandbox(reference.template) as sandbox:
        ended = sandbox.run(command.words, {**dict(failure.plan), "memory": command.memory}, **command.variables)
        check_ended_well(ended, allowed=(0, 1, 3))
        check_none_runs(sandbox)
        found, wanted = result(sandbox, command.varies), reference.before if ended.code else reference.after
        if found != wanted and not (ended.code and any(words in ended.err for words in _SAYS_HALF_DONE)):
            changed = differences(wanted, found)
            raise Died(f"it ended with {ended.code}, and this differs: {changed[:6]}\n{ended.err}", sandbox.path)
        check_recovers(sandbox, reference, later=True)
