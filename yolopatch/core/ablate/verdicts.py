"""What a table says of an arm beside its baseline, and when it says nothing."""

from __future__ import annotations

from yolopatch.core.ablate.samples import Sample
from yolopatch.core.ablate.statistics import Difference, seeds_needed

BASELINE = "baseline"
BETTER = "better"
WORSE = "worse"
SAME = "not distinguishable"
TOO_FEW = "too few seeds"


def common_seeds(sample: Sample, base: Sample) -> tuple[int, ...]:
    """Return the seeds that count in both."""
    theirs = set(base.independent)
    return tuple(seed for seed in sample.independent if seed in theirs)


def reason_against(sample: Sample, base: Sample, arms: int) -> str:
    """Return why nothing can be said of an arm beside its baseline; "" where something can.

    Args:
        sample, base: of the same scale.
        arms: how many arms are compared with the baseline.
    """
    common, needed = len(common_seeds(sample, base)), seeds_needed(arms)
    pending = len({*sample.pending, *base.pending})
    if not sample.scores:
        return "it has no finished run"
    if not base.scores:
        return "the baseline has no finished run"
    if sample.equal:
        return "runs of it gave equal metrics"
    if base.equal:
        return "runs of the baseline gave equal metrics"
    if pending:
        return f"{_count(pending, 'seed')} of it or of the baseline {'is' if pending == 1 else 'are'} still to run"
    if common < needed:
        have = f"it has {_count(common, 'seed')} in common with the baseline"
        return f"{have}, and {needed} are needed for {_count(arms, 'arm')}"
    return ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def verdict_of(difference: Difference | None, against: str) -> str:
    """Return the verdict: of a difference, None where there is none, and what speaks against one."""
    if difference is None or against:
        return TOO_FEW
    if not difference.is_distinguishable:
        return SAME
    return BETTER if difference.mean > 0 else WORSE
