"""Compare the results of a run with what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yolopatch.catalog.reproduce.quick import LEARNT
from yolopatch.wire.statuses import FAIL

# Checks of `verify`: if one fails, the model cannot learn.
_DEADLY = ("input-dependence", "gradient-flow", "learns")
_NOTHING = 0.01  # mAP50 of a model that has learnt nothing
_LEARNT = "mAP50, training images"
_NO_SCORE = "0"  # what is expected of a model that cannot learn
_SAME_SCORE = 0.005  # largest difference between a checkpoint, which is in half precision, and its export


@dataclass(frozen=True)
class Compared:
    """A compared figure; `agrees` is None if no value is expected."""

    name: str
    expected: str
    found: str
    agrees: bool | None
    why: str = ""


@dataclass(frozen=True)
class Built:
    """A model built from its YAML: parameters, and the number of layers by class."""

    parameters: int
    classes: Mapping[str, int]


def compare(
    built: Built,
    outcome: Mapping[str, Any],
    epochs: tuple[int, int],
    verified: Mapping[str, Any] | None,
    learns: bool,
    arrived: Mapping[str, object],
) -> list[Compared]:
    """Return every comparison.

    Args:
        built: what the YAML builds, with the data's number of classes.
        outcome: the probe's facts about the trained checkpoint.
        epochs: the number asked for, and the number done.
        verified: the result of `verify` for the model; None if it did not run, or ran on another model.
        learns: whether a model that can learn reaches a known score in this run.
        arrived: how many tensors of the initial weights the trainer had at its first step; empty without them.
    """
    model = outcome["model"]
    deadly = [one for one in (verified or {}).get("checks", ()) if one["id"] in _DEADLY and one["status"] == FAIL]
    return [
        _same("parameters", built.parameters, model["parameters"]),
        *_layers(built.classes, model["classes"]),
        *_arrived(arrived),
        _finite(bool(model["finite"]), bool(deadly)),
        _epochs(*epochs),
        _learnt(float(outcome["validated"]["train"]["map50"]), deadly, learns),
        Compared("mAP50, validation images", "-", _score(outcome["validated"]["val"]["map50"]), None),
        *_exports(outcome),
    ]


def is_dead_as_predicted(comparisons: Iterable[Compared]) -> bool:
    """Return whether the model learnt nothing, and `verify` had said before the training that it cannot learn."""
    return any(one.name == _LEARNT and one.expected == _NO_SCORE and one.agrees for one in comparisons)


def _same(name: str, expected: int, found: int) -> Compared:
    return Compared(name, f"{expected:,}", f"{found:,}", expected == found)


def _layers(expected: Mapping[str, int], found: Mapping[str, int]) -> Iterator[Compared]:
    agrees = dict(expected) == dict(found)
    differing = [name for name in {**expected, **found} if expected.get(name, 0) != found.get(name, 0)]
    shown = sorted(differing) or sorted(name for name in expected if "_" in name or name not in _UPSTREAMS)
    for name in shown:
        yield Compared(f"layers {name}", f"{expected.get(name, 0)}", f"{found.get(name, 0)}", agrees)


# Classes of upstream; the comparison shows only the others, which belong to modules.
_UPSTREAMS = ("Conv", "C3k2", "C2f", "C3", "SPPF", "C2PSA", "Concat", "Upsample", "Detect")


def _arrived(tensors: Mapping[str, object]) -> Iterator[Compared]:
    if tensors:
        expected, found = f"all {tensors['tensors']}", f"{tensors['equal']}"
        yield Compared("initial weights", expected, found, tensors["equal"] == tensors["tensors"])


def _epochs(asked: int, done: int) -> Compared:
    why = "" if asked == done else "upstream stopped early: no progress for `patience` epochs"
    return Compared("epochs", f"{asked}", f"{done}", asked == done, why)


def _finite(found: bool, dead: bool) -> Compared:
    # the weights of a model that cannot learn are not predictable
    return Compared("weights", "-" if dead else "finite", "finite" if found else "NaN", None if dead else found)


def _learnt(found: float, deadly: Sequence[Mapping[str, str]], learns: bool) -> Compared:
    if deadly:
        why = f"verify found it before training: {deadly[0]['id']}: {deadly[0]['summary']}"
        return Compared(_LEARNT, _NO_SCORE, _score(found), found < _NOTHING, why)
    if learns:
        return Compared(_LEARNT, f"at least {LEARNT}", _score(found), found >= LEARNT)
    return Compared(_LEARNT, "-", _score(found), None, "no expected score is known for such a run")


def _score(value: float | str) -> str:
    return f"{float(value):.3f}"


def _exports(outcome: Mapping[str, Any]) -> Iterator[Compared]:
    expected = outcome["predicted"]
    for form, export in outcome["exported"].items():
        if "error" in export:
            why = str(export["error"]).splitlines()[0]
            yield Compared(f"{form} predicts", _prediction(expected), "no file", False, why)
        else:
            found = export["predicted"]
            near = abs(found["score"] - expected["score"]) < _SAME_SCORE
            agrees = near and found["objects"] == expected["objects"]
            yield Compared(f"{form} predicts", _prediction(expected), _prediction(found), agrees)


def _prediction(found: Mapping[str, float]) -> str:
    return f"{found['objects']} object{'s' * (found['objects'] != 1)}, best score {found['score']:.3f}"
