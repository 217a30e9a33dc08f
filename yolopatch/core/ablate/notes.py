"""Sentences below a table: how its figures were made, and what is odd about its runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from yolopatch.core.ablate.results import BEST, Plan, RunResult, Scores
from yolopatch.core.ablate.samples import Sample, found_nothing
from yolopatch.core.ablate.sign_flip import MOST_EXACT, RANDOM
from yolopatch.core.ablate.statistics import ALPHA, seeds_needed
from yolopatch.core.ablate.table import Row, Table
from yolopatch.core.tables.marks import UNMARKED

_LISTED = 6  # places that a sentence names
_CHECKPOINTS = {
    True: "for the weights of best.pt: upstream keeps the epoch that is the best on these same images, so that every "
    "figure is rather too high",
    False: "for the weights of last.pt, after the last epoch",
}
_SEED_PATCH = {
    True: "The seed patch is in every workspace: the seed also reaches the processes that load the images.",
    False: "Without the seed patch: the seed does not reach the processes that load the images, so that all seeds see "
    "the same batches.",
    None: "The loaders of this pin depend on the seed as they are.",
}
_NOT_KNOWN = (
    "Without the seed patch; of this pin it is not known whether the seed reaches the processes that load the images. "
    "With ultralytics 8.4.125 and newer it does."
)
MARKS = (
    "Bold: the highest mean of its scale among the arms that are better than the baseline, with those that cannot be "
    "told from it; underlined: the same of the rest. For this, arms are tested in pairs, each p times the number of "
    "pairs."
)


def has_marks(table: Table) -> bool:
    """Return whether a value of the table is marked as the best or the second."""
    return any(outcome.mark != UNMARKED for row in table.rows for outcome in (row.map50, row.map50_95))


def describe(table: Table) -> list[str]:
    """Return sentences that say how each figure was made, and of what runs."""
    conditions, plan = table.conditions, table.plan
    start = f"started from {conditions.weights}" if conditions.weights else "from scratch"
    figures = f" Latency and FPS: {conditions.figures}." if conditions.figures else ""
    return [
        f"mAP: of boxes on the validation images, in percent, {_CHECKPOINTS[conditions.choice == BEST]}; mean and "
        f"sample standard deviation (by n-1) over {seeds_text(plan.seeds)}.",
        *_tests(plan),
        f"Parameters: as upstream prints them. GFLOPs: of one image, counted by torch.{figures}",
        f"Training: {conditions.pin}, {start}, on {conditions.data}, {conditions.arguments}. "
        f"{_SEED_PATCH[conditions.seed_patch] if conditions.loaders_known else _NOT_KNOWN}",
        f"Environment: {conditions.environment}.",
    ]


def _tests(plan: Plan) -> Iterator[str]:
    arms = len(plan.arms) - 1
    if not arms:
        return
    signs = "all choices of signs" if len(plan.seeds) <= MOST_EXACT else f"{RANDOM:,} random choices of signs"
    exact = "exact " if len(plan.seeds) <= MOST_EXACT else ""
    yield (
        f"Difference: to {plan.baseline} at the same scale over the seeds that both have, paired by seed, in "
        "percentage points; its mean and 95% t interval, which is not corrected for the number of arms."
    )
    yield (
        f"p: {exact}two-sided sign-flip test of the paired differences over {signs}, corrected by Holm for the "
        f"{count(arms, 'arm')} of a scale, each scale and metric by itself."
    )
    yield (
        f"Verdict: by the mAP50-95; better or worse where p is at most {ALPHA}. With {count(arms, 'arm')} this takes "
        f"{seeds_needed(arms)} seeds: with n seeds no p is below 2/2^n before the correction."
    )


def facts(table: Table) -> list[str]:
    """Return sentences about runs that failed, are missing or have odd metrics, and about missing verdicts."""
    bases = {row.scale: row.sample for row in table.rows if row.arm == table.plan.baseline}
    found = [fact for row in table.rows for fact in _about(row.sample, bases[row.scale])]
    missing = sum(len(row.sample.pending) for row in table.rows)
    if missing:
        found.append(f"Still to run: {missing} of {count(len(table.rows) * len(table.plan.seeds), 'run')}.")
    if any(row.sample.failed or row.sample.not_numbers for row in table.rows):
        found.append(
            "Runs that failed or gave no numbers are missing from means and tests. Where they are missing because the "
            "training diverged, the arm is worse than the table says."
        )
    return found + [f"No verdict for {_listed(places)}: {why}." for why, places in _reasons(table.rows).items()]


def _about(sample: Sample, base: Sample) -> Iterator[str]:
    for why, runs in groupby(sorted(sample.failed, key=_why), _why):
        yield f"Failed: {_place(sample)}, {seeds_text(run.seed for run in runs)}: {why.rstrip('.')}."
    if sample.not_numbers:
        yield f"No numbers: {_place(sample)}, {seeds_text(sample.not_numbers)}: done, but without finite metrics."
    for seeds in sample.equal:
        yield (
            f"Equal: {_place(sample)}, {seeds_text(seeds)} gave equal metrics to the last digit: the seed changed "
            "nothing. They count as one run, and no difference is given."
        )
    nothing = [seed for seed, scores in sample.scores.items() if found_nothing(scores)]
    if nothing:
        yield f"Nothing found: {_place(sample)}, {seeds_text(nothing)}: every metric is 0."
    same = [] if sample is base else _same_metrics(sample.scores, base.scores)
    if same:
        yield (
            f"Same as {base.arm}: {_place(sample)}, {seeds_text(same)}: its metrics are the baseline's to the last "
            "digit. Look whether it is another model."
        )


def _why(run: RunResult) -> str:
    return run.why


def _same_metrics(scores: Mapping[int, Scores], base: Mapping[int, Scores]) -> list[int]:
    """Return the seeds of runs that found something, and have the same metrics in both."""
    return [
        seed
        for seed, one in scores.items()
        if seed in base and one.named() == base[seed].named() and not found_nothing(one)
    ]


def _reasons(rows: Sequence[Row]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.why:
            found.setdefault(row.why, []).append(_place(row.sample))
    return found


def _place(sample: Sample) -> str:
    return f"{sample.arm} at scale {sample.scale}"


def _listed(places: Sequence[str]) -> str:
    more = len(places) - _LISTED
    return ", ".join(places[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def seeds_text(seeds: Iterable[int]) -> str:
    """Return `seed 3`, `seeds 0 and 1` or `seeds 0 to 5, 8`."""
    ordered = sorted(seeds)
    if len(ordered) < 3:
        return f"seed{'s' * (len(ordered) != 1)} {' and '.join(map(str, ordered))}"
    parts: list[str] = []
    for _, numbered in groupby(enumerate(ordered), lambda pair: pair[1] - pair[0]):
        run = [seed for _, seed in numbered]
        parts += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [*map(str, run)]
    return f"seeds {', '.join(parts)}"


def count(number: int, what: str) -> str:
    """Return a number of things in words."""
    return f"{number} {what}{'s' * (number != 1)}"
