"""The runs of one arm at one scale, and which of them count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from yolopatch.core.ablate.results import DONE, FAILED, Plan, RunResult, Scores


@dataclass(frozen=True)
class Sample:
    """The runs of an arm at a scale, by their seeds in ascending order.

    Attributes:
        arm, scale: its place in the grid.
        scores: of the runs that are done, each metric a number.
        not_numbers: seeds of runs that are done, with a metric that is no number or with none at all.
        failed: the runs that failed.
        pending: seeds of what is still to run.
        equal: groups of seeds whose runs have the same metrics to the last digit: the seed changed nothing there. Runs
            with no box found are no such group: 0 comes out of any seed.
    """

    arm: str
    scale: str
    scores: Mapping[int, Scores]
    not_numbers: tuple[int, ...]
    failed: tuple[RunResult, ...]
    pending: tuple[int, ...]
    equal: tuple[tuple[int, ...], ...]

    @cached_property
    def independent(self) -> tuple[int, ...]:
        """The seeds that count: of a group of equal runs, the first."""
        repeated = {seed for group in self.equal for seed in group[1:]}
        return tuple(seed for seed in self.scores if seed not in repeated)


def found_nothing(scores: Scores) -> bool:
    """Return whether every metric is 0."""
    return not any(scores.named().values())


def sort_runs(plan: Plan, results: Iterable[RunResult], choice: str) -> dict[tuple[str, str], Sample]:
    """Return the sample of every arm at every scale of the plan; what has no result yet is pending.

    Args:
        plan: the grid; results of what is not in it are left out.
        results: one for each run, in any order.
        choice: whose metrics count, BEST's or LAST's.
    """
    known = {(result.arm, result.scale, result.seed): result for result in results}
    return {
        (arm, scale): _sample(arm, scale, {seed: known.get((arm, scale, seed)) for seed in sorted(plan.seeds)}, choice)
        for scale in plan.scales
        for arm in plan.arms
    }


def _sample(arm: str, scale: str, runs: Mapping[int, RunResult | None], choice: str) -> Sample:
    known = {seed: run for seed, run in runs.items() if run}
    found = {seed: run.scores(choice) for seed, run in known.items() if run.status == DONE}
    scores = {seed: one for seed, one in found.items() if one and one.are_finite()}
    failed = tuple(run for run in known.values() if run.status == FAILED)
    ended = {*found, *(run.seed for run in failed)}
    return Sample(
        arm,
        scale,
        scores,
        tuple(seed for seed in found if seed not in scores),
        failed,
        tuple(seed for seed in runs if seed not in ended),
        _equal(scores),
    )


def _equal(scores: Mapping[int, Scores]) -> tuple[tuple[int, ...], ...]:
    groups: dict[Sequence[float], list[int]] = {}
    for seed, one in scores.items():
        if not found_nothing(one):
            groups.setdefault(tuple(one.named().values()), []).append(seed)
    return tuple(tuple(seeds) for seeds in groups.values() if len(seeds) > 1)
