"""Whether upstream's trainer trains the arms of a grid with the same learning rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from yolopatch.core.ablate.record import MeasuredModel

# the choice that is upstream's, and the one of its optimizers that multiplies rates, by the names of parameters
_MULTIPLY = ("auto", "musgd")


def rate_differences(models: Mapping[str, MeasuredModel], train: Mapping[str, object]) -> tuple[str, ...]:
    """Return for each scale in words how the learning rates of its arms differ; empty where they are the same.

    Args:
        models: the measured models, as `GridRecord.models`.
        train: the arguments of the grid's trainings.
    """
    if str(train.get("optimizer", "auto")).lower() not in _MULTIPLY:
        return ()
    scales: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, model in models.items():
        arm, _, scale = key.rpartition("/")
        scales[scale][_words(model.rates)].append(arm)
    return tuple(_difference(scale, arms) for scale, arms in scales.items() if len(arms) > 1)


def _words(rates: Mapping[str, int]) -> str:
    return ", ".join(_each(rates)) or "no parameter"


def _each(rates: Mapping[str, int]) -> Iterator[str]:
    for number, count in sorted(rates.items()):
        yield f"{count} parameters by {number}"


def _difference(scale: str, arms: Mapping[str, list[str]]) -> str:
    said = "; ".join(f"{', '.join(names)}: {what}" for what, names in arms.items())
    return (
        f"at {scale}, upstream's optimizer does not give the arms the same learning rates ({said}). "
        'It knows parameters by the number of their layer: write optimizer = "SGD" into [train] to train all arms alike'
    )
