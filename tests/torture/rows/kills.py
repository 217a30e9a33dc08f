"""Killed before each step and while each program works: the user's bytes are whole, and the next run finishes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from commands import HEAVY, LIGHT, Command
from lab import Lab, Sandbox
from recovering import Reference, check_recovers, references
from tally import Tally
from watching import check_none_runs

_LATEST = 0.03  # seconds after a program was started: git has ended by then
_RANDOM_MOMENTS = 8  # in a command whose child does the work, which our steps do not show
_CHAIN = 8  # kills in a row, each of the run that would have gone on after the one before
_FEW = 3  # of many files that are written into one folder that nobody knows yet: the first, one of them, the last


@dataclass(frozen=True)
class Kill:
    """One kill: before a step, or some seconds after it has begun."""

    reference: Reference
    at: int
    after: float | None

    @property
    def plan(self) -> dict[str, object]:
        """The plan for the command's process."""
        moment = {} if self.after is None else {"after": self.after}
        return {"at": self.at, "harm": "kill", "memory": self.reference.command.memory, **moment}

    def __str__(self) -> str:
        when = "before" if self.after is None else f"{self.after:.3f} s after"
        return f"{self.reference.command.name}, {when} step {self.at}, {self.reference.steps[self.at - 1]}"


def kills(lab: Lab, tally: Tally) -> None:
    """Kill every command that writes and builds no model; each kill has a sandbox of its own."""
    _each_command(lab, tally, LIGHT, lambda cases: cases, partial(_killed, lab))


def kills_of_models(lab: Lab, tally: Tally) -> None:
    """Kill the commands that build models; several times in a row, because each start takes seconds."""
    _each_command(lab, tally, HEAVY, _chains, partial(_killed_again_and_again, lab))


def _each_command(
    lab: Lab,
    tally: Tally,
    commands: Sequence[Command],
    arrange: Callable[[list[Kill]], list],
    attempt: Callable[[object], None],
) -> None:
    chance = random.Random(tally.budget.seed)
    chosen = commands if tally.budget.most is None else commands[:2]
    cases = []
    for reference in references(lab, chosen, tally.budget.case):
        cases += arrange(kills_of(reference, chance))
    tally.each(cases, attempt)


def kills_of(reference: Reference, chance: random.Random) -> list[Kill]:
    """Return a kill before each step, one while each program works, and some at any moment of a long child."""
    kept = [at for at, _ in distinct(reference.steps)]
    cases = [Kill(reference, at, None) for at in kept]
    starts = [at for at in kept if reference.steps[at - 1].startswith(("subprocess", "os.posix_spawn"))]
    cases += [Kill(reference, at, chance.uniform(0, _LATEST)) for at in starts]
    if reference.command not in LIGHT:
        cases += [Kill(reference, 1, chance.uniform(0, reference.seconds)) for _ in range(_RANDOM_MOMENTS)]
    return cases


def distinct(steps: Sequence[str]) -> list[tuple[int, str]]:
    """Return the steps and their numbers; of many in one folder that has no name yet, the first, one and the last."""
    chosen = []
    for place, group in groupby(enumerate(steps, 1), lambda step: _unnamed_folder(step[1])):
        run = list(group)
        chosen += run if not place or len(run) <= _FEW else [run[0], run[len(run) // 2], run[-1]]
    return chosen


def _unnamed_folder(step: str) -> str:
    """Return the temporary folder in which a step writes, "" for another place."""
    parts = step.partition("'")[2].split("/")  # whatever is done there: files and folders are made in turn
    if step.startswith(("os.remove", "os.rmdir")) and len(parts) == 1:
        return "a folder that is removed with all that is in it"
    marks = [at for at, part in enumerate(parts[:-1]) if part.startswith((".yolopatch-", "yolopatch-"))]
    return "/".join(parts[: marks[0] + 1]) if marks else ""


def _killed(lab: Lab, kill: Kill) -> None:
    with lab.sandbox(kill.reference.template) as sandbox:
        _kill(sandbox, kill)
        check_recovers(sandbox, kill.reference, later=kill.at % 2 == 0)


def _kill(sandbox: Sandbox, kill: Kill) -> None:
    sandbox.run(kill.reference.command.words, kill.plan, **kill.reference.command.variables)
    check_none_runs(sandbox)


def _chains(cases: list[Kill]) -> list[Chain]:
    count = -(-len(cases) // _CHAIN)
    return [Chain(tuple(cases[start::count])) for start in range(count)]  # each with early and with late steps


@dataclass(frozen=True)
class Chain:
    """Kills in one sandbox, one after the other."""

    kills: tuple[Kill, ...]

    def __str__(self) -> str:
        return "; then ".join(map(str, self.kills))


def _killed_again_and_again(lab: Lab, chain: Chain) -> None:
    reference = chain.kills[0].reference
    with lab.sandbox(reference.template) as sandbox:
        for kill in chain.kills:
            _kill(sandbox, kill)
        check_recovers(sandbox, reference, later=False)
