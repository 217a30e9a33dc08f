"""The table of a grid: one row for each arm at each scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from yolopatch.core.ablate.leaders import find_leaders
from yolopatch.core.ablate.results import Conditions, ModelFigures, Plan, RunResult
from yolopatch.core.ablate.samples import Sample, sort_runs
from yolopatch.core.ablate.statistics import Difference, Summary, compare, subtract, summarize
from yolopatch.core.ablate.verdicts import BASELINE, common_seeds, reason_against, verdict_of
from yolopatch.core.tables.marks import UNMARKED

MAP50, MAP50_95 = "mAP50", "mAP50-95"


@dataclass(frozen=True)
class Outcome:
    """One metric of an arm at a scale.

    Attributes:
        summary: over its seeds, None without a finished run.
        difference: to the baseline at the same scale, None for the baseline and where there is nothing to compare.
        verdict: what can be said of it.
        mark: BEST, SECOND or UNMARKED, among the arms of the scale.
    """

    summary: Summary | None
    difference: Difference | None
    verdict: str
    mark: int


@dataclass(frozen=True)
class Row:
    """An arm at a scale.

    Attributes:
        sample: its runs.
        figures: what its model costs, None where that is not known yet.
        wanted: how many runs the plan has.
        map50, map50_95: its metrics; the verdict goes by mAP50-95.
        why: why the verdict says nothing, else "".
    """

    sample: Sample
    figures: ModelFigures | None
    wanted: int
    map50: Outcome
    map50_95: Outcome
    why: str

    @property
    def arm(self) -> str:
        """The arm's name."""
        return self.sample.arm

    @property
    def scale(self) -> str:
        """The scale's letter."""
        return self.sample.scale

    @property
    def verdict(self) -> str:
        """What can be said of the arm beside the baseline."""
        return self.map50_95.verdict

    @property
    def done(self) -> int:
        """How many of its runs are done."""
        return len(self.sample.scores) + len(self.sample.not_numbers)

    def data(self) -> dict[str, object]:
        """Return its part of what `ablate --json` prints; its keys are a contract."""
        figures = self.figures
        return {
            "arm": self.arm,
            "scale": self.scale,
            "parameters": figures.parameters if figures else None,
            "gflops": figures.gflops if figures else None,
            "latency_ms": figures.latency_ms if figures else None,
            "fps": figures.fps if figures else None,
            "runs": self.done,
            "wanted": self.wanted,
            MAP50: _summary_data(self.map50.summary),
            MAP50_95: _summary_data(self.map50_95.summary),
            "difference": _difference_data(self.map50_95.difference),
            f"difference_{MAP50}": _difference_data(self.map50.difference),
            "verdict": self.verdict,
            "why": self.why,
        }


def _summary_data(summary: Summary | None) -> dict[str, object] | None:
    return None if summary is None else {"mean": summary.mean, "std": summary.std}


def _difference_data(difference: Difference | None) -> dict[str, object] | None:
    return None if difference is None else vars(difference)


@dataclass(frozen=True)
class Table:
    """The rows, scale by scale in the plan's order, and what they were made of."""

    plan: Plan
    conditions: Conditions
    rows: tuple[Row, ...]
    results: tuple[RunResult, ...]

    def groups(self) -> Iterator[tuple[Row, ...]]:
        """Yield the rows of each scale."""
        for scale in self.plan.scales:
            yield tuple(row for row in self.rows if row.scale == scale)


def make_table(
    plan: Plan,
    conditions: Conditions,
    results: Iterable[RunResult],
    figures: Mapping[tuple[str, str], ModelFigures],
) -> Table:
    """Return the table of what is done.

    Args:
        plan, conditions: the grid and what its runs have in common.
        results: of the runs, in any order; those that are missing are pending, those that are not of the plan left out.
        figures: of the models that are known, by arm and scale.

    Raises:
        YolopatchError: there is something to test, and scipy is not installed.
    """
    results = tuple(results)
    samples = sort_runs(plan, results, conditions.choice)
    against = {place: _against(place, samples, plan) for place in samples}
    map50, map50_95 = (_outcomes(metric, plan, samples, against) for metric in (MAP50, MAP50_95))
    rows = (
        Row(
            sample,
            figures.get(place),
            len(plan.seeds),
            map50[place],
            map50_95[place],
            against[place],
        )
        for place, sample in samples.items()
    )
    return Table(plan, conditions, tuple(rows), results)


Place = tuple[str, str]
"""An arm and a scale."""


def _against(place: Place, samples: Mapping[Place, Sample], plan: Plan) -> str:
    arm, scale = place
    if arm == plan.baseline:
        return ""
    return reason_against(samples[place], samples[plan.baseline, scale], len(plan.arms) - 1)


def _outcomes(
    metric: str, plan: Plan, samples: Mapping[Place, Sample], against: Mapping[Place, str]
) -> dict[Place, Outcome]:
    """Return the outcome of a metric for every arm at every scale; the arms of a scale are a family of tests."""
    found: dict[Place, Outcome] = {}
    for scale in plan.scales:
        of_scale = {arm: samples[arm, scale] for arm in plan.arms}
        values = {arm: _values(sample, metric) for arm, sample in of_scale.items()}
        differences = compare(_differences(of_scale, values, plan.baseline), len(plan.arms) - 1)
        verdicts = {
            arm: BASELINE if arm == plan.baseline else verdict_of(differences.get(arm), against[arm, scale])
            for arm in plan.arms
        }
        marks = find_leaders(values, verdicts)
        for arm, numbers in values.items():
            summary = summarize(list(numbers.values())) if numbers else None
            found[arm, scale] = Outcome(summary, differences.get(arm), verdicts[arm], marks.get(arm, UNMARKED))
    return found


def _values(sample: Sample, metric: str) -> dict[int, float]:
    """Return a metric of the runs that count, by seed."""
    return {seed: sample.scores[seed].named()[metric] for seed in sample.independent}


def _differences(
    samples: Mapping[str, Sample], values: Mapping[str, Mapping[int, float]], baseline: str
) -> dict[str, list[float]]:
    """Return the paired differences of each arm to the baseline; none where runs of either are equal."""
    found = {}
    for arm, sample in samples.items():
        seeds = common_seeds(sample, samples[baseline])
        if seeds and arm != baseline and not sample.equal and not samples[baseline].equal:
            found[arm] = [subtract(values[arm][seed], values[baseline][seed]) for seed in seeds]
    return found
