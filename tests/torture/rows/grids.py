"""`ablate` and `compare --out` harmed, and several at once: nothing is lost, and the same command makes all of it."""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from commands import Command
from grids import GRIDS
from lab import WITH_TORCH, Ended, Lab, Sandbox, finish
from recovering import Reference, check_recovers, check_users_files, prepare, reference_of
from results import result
from rows.failures import Failure, check_true, failures_of, is_swept_later
from rows.kills import Kill, kills_of
from tally import Died, Tally
from watching import check_ended_well, check_none_runs, differences
from yolopatch.errors import EXIT_VERIFY

_CHAIN = 4  # harms in a row in one folder, before the run that has to succeed
_MANY = 4  # at once: each that builds a model takes seconds of a core
_HAS_IT = (1, 3)  # the codes of the others: another works there, or has written the files


@dataclass(frozen=True)
class Chain:
    """Harms one after the other in one folder."""

    reference: Reference
    harms: tuple[Kill | Failure, ...]

    def __str__(self) -> str:
        return "; then ".join(map(str, self.harms))


@dataclass(frozen=True)
class Crowd:
    """One command several times at once."""

    reference: Reference

    def __str__(self) -> str:
        return f"{self.reference.command.name}, {_MANY} at once"


def grids(lab: Lab, tally: Tally) -> None:
    """Harm the commands that train or measure: they take seconds, so several harms come before the check."""
    chance = random.Random(tally.budget.seed)
    chosen = GRIDS if tally.budget.most is None else GRIDS[:1]
    chosen = tuple(one for one in chosen if one.name in tally.budget.case) or chosen
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder, ThreadPoolExecutor(1) as pool:
        # a training takes as long as many cases, so the next command is prepared while this one is harmed
        made = [
            pool.submit(_reference, lab, command, Path(folder) / str(number)) for number, command in enumerate(chosen)
        ]
        for number, reference in enumerate(made, 1):
            cases: list[Chain | Crowd] = [*_chains(reference.result(), chance), Crowd(reference.result())]
            tally.each(cases, lambda case: _try(lab, case), share=number / len(made), least=1)


def _reference(lab: Lab, command: Command, place: Path) -> Reference:
    return reference_of(lab, command, prepare(lab, command, place))


def _try(lab: Lab, case: Chain | Crowd) -> None:
    if isinstance(case, Crowd):
        _crowd(lab, case)
    else:
        _harm(lab, case)


def _chains(reference: Reference, chance: random.Random) -> Iterator[Chain]:
    harms: list[Kill | Failure] = [*kills_of(reference, chance), *failures_of(reference)]
    chance.shuffle(harms)
    size = _CHAIN if reference.command.memory == WITH_TORCH else 1  # what imports no torch is quick
    for start in range(0, len(harms), size):
        yield Chain(reference, tuple(harms[start : start + size]))


def _harm(lab: Lab, chain: Chain) -> None:
    reference, command = chain.reference, chain.reference.command
    with lab.sandbox(reference.template) as sandbox:
        for harm in chain.harms:
            before = result(sandbox, command.counted)
            ended = sandbox.run(command.words, harm.plan, **command.variables)
            check_none_runs(sandbox)
            check_users_files(sandbox, reference)
            if isinstance(harm, Failure):
                check_ended_well(ended, allowed=(0, 1, 3, EXIT_VERIFY))
                if ended.code != EXIT_VERIFY:  # a run failed, and the tables say so
                    check_true(ended, replace(reference, before=before), result(sandbox, command.counted), sandbox)
        check_recovers(sandbox, reference, later=_is_swept_later(chain))


def _is_swept_later(chain: Chain) -> bool:
    """Return whether it can be told that nothing is left: upstream's own files of a run that was killed stay."""
    (first, *more) = chain.harms
    has_own = bool(chain.reference.command.counted.apart)
    return not more and not has_own and (isinstance(first, Kill) or is_swept_later(first))


def _crowd(lab: Lab, crowd: Crowd) -> None:
    command = crowd.reference.command
    with lab.sandbox(crowd.reference.template) as sandbox:
        plan = {"memory": command.memory}
        started = [sandbox.start(command.words, plan, **command.variables) for _ in range(_MANY)]
        ended = [finish(process, command.words) for process in started]
        for one in ended:
            check_ended_well(one, allowed=(0, *_HAS_IT))
        check_none_runs(sandbox)
        found = result(sandbox, command.counted)
        if found != crowd.reference.after:
            raise Died(f"it has other files: {differences(crowd.reference.after, found)[:6]}", sandbox.path)
        _check_of_one(sandbox, command, [one for one in ended if not one.code])


def _check_of_one(sandbox: Sandbox, command: Command, done: Sequence[Ended]) -> None:
    """Check that one has done it, and that the files of a comparison are all of this one."""
    if not done:
        raise Died("none of them has done it", sandbox.path)
    if command.words[0] != "compare":
        return
    if len(done) > 1:
        raise Died(f"{len(done)} have written into one folder", sandbox.path)
    with (sandbox.work / "tables/table.csv").open(encoding="utf-8", newline="") as stream:
        written = [float(row["latency_ms"]) for row in csv.DictReader(stream)]
    told = [row["latency_ms"]["median"] for row in done[0].json["rows"]]
    if written != told:
        raise Died(f"the files hold {written}, and the command that wrote them told {told}", sandbox.path)
