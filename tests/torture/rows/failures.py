"""A step that fails, a disk that is full, files that may not grow: the command says so, and nothing was changed."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from commands import LIGHT
from lab import Ended, Lab, Sandbox
from recovering import Reference, check_recovers, references
from results import result
from rows.kills import distinct
from tally import Died, Tally
from watching import check_ended_well, check_none_runs, differences

_HARMS = (
    {"harm": errno.ENOSPC, "stays": True},  # a full disk stays full
    {"harm": errno.EIO},
    {"harm": errno.EACCES},
)
_FILE_SIZES = (0, 2_000, 200_000)  # bytes; git's packs are larger
_SAYS_NOTHING = ("nothing was changed", "nothing was written", "nothing was made")
_SAYS_HALF_DONE = "was switched only partly"  # the next run finishes it
_SAYS_CHANGED = "only the report failed"
_SAYS_KEPT = re.compile(r"kept: (.+); the same command goes on from it")


@dataclass(frozen=True)
class Failure:
    """A command, and what fails in it."""

    reference: Reference
    harm: tuple[tuple[str, object], ...]

    @property
    def plan(self) -> dict[str, object]:
        """The plan for the command's process."""
        return {**dict(self.harm), "memory": self.reference.command.memory}

    @property
    def step(self) -> str:
        """The step that fails first, "" where files may not grow."""
        at = dict(self.harm).get("at")
        return self.reference.steps[int(str(at)) - 1] if at else ""

    def __str__(self) -> str:
        told, name = dict(self.harm), self.reference.command.name
        if "file" in told:
            return f"{name}, no file over {told['file']} bytes"
        return f"{name}, {errno.errorcode[int(str(told['harm']))]} at step {told['at']}, {self.step}"


def failures(lab: Lab, tally: Tally) -> None:
    """Let steps of every command that writes and builds no model fail."""
    chosen = LIGHT if tally.budget.most is None else LIGHT[:2]
    cases: list[Failure] = []
    for reference in references(lab, chosen, tally.budget.case):
        cases += failures_of(reference)
    tally.each(cases, lambda failure: _fail(lab, failure))


def failures_of(reference: Reference) -> Iterator[Failure]:
    """Yield a failure at each step, and files that may not grow."""
    for at, _ in distinct(reference.steps):
        harm = {**_HARMS[at % len(_HARMS)], "at": at}
        yield Failure(reference, tuple(harm.items()))
    for size in _FILE_SIZES:
        yield Failure(reference, (("file", size),))


def _fail(lab: Lab, failure: Failure) -> None:
    reference, command = failure.reference, failure.reference.command
    with lab.sandbox(reference.template) as sandbox:
        ended = sandbox.run(command.words, failure.plan, **command.variables)
        check_ended_well(ended, allowed=(0, 1, 3))
        check_none_runs(sandbox)
        check_true(ended, reference, result(sandbox, command.counted), sandbox)
        check_recovers(sandbox, reference, later=is_swept_later(failure))


def is_swept_later(failure: Failure) -> bool:
    """Return whether the same command removes what a failure leaves.

    What could not be removed lies there until a command makes a temporary folder again; the next one need not.
    """
    return not failure.step.startswith(("os.remove", "os.rmdir"))


def check_true(ended: Ended, reference: Reference, found: dict[str, str], sandbox: Sandbox) -> None:
    """Check that what a command says of the disk is so: it has done all, or nothing, or what it says that it keeps."""
    is_undone = ended.code and _SAYS_CHANGED not in ended.err
    changed = differences(reference.before if is_undone else reference.after, found)
    untold = [line for line in changed if not _is_told(line.partition(": ")[2], ended, sandbox)]
    if untold:
        raise Died(f"it ended with {ended.code}, and this differs: {untold[:6]}\n{ended.err}", sandbox.path)
    if ended.code and changed and any(words in ended.err for words in _SAYS_NOTHING):
        raise Died(f"it says that nothing was changed, and this was: {changed[:6]}\n{ended.err}", sandbox.path)


def _is_told(name: str, ended: Ended, sandbox: Sandbox) -> bool:
    """Return whether an error says of a file, or of a fact of a repository, that it may differ now."""
    if not ended.code:
        return False
    kept = [Path(folder) for folder in _SAYS_KEPT.findall(ended.err)]
    place = sandbox.path / name.partition(": ")[0]
    return _SAYS_HALF_DONE in ended.err or any(place.is_relative_to(folder) for folder in kept)
