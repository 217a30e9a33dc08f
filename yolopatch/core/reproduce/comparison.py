"""What was expected of a run beside what came out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yolopatch.catalog.reproduce.quick import LEARNT
from yolopatch.wire.statuses import FAIL

# Checks of `verify` whose failure means that training cannot help.
_DEADLY = ("input-dependence", "gradient-flow", "learns")
_NOTHING = 0.01  # mAP50 of a model that finds nothing, but for luck
_SAME_SCORE = 0.005  # between a checkpoint, which upstream keeps in half precision, and its export


@dataclass(frozen=True)
class Compared:
    """One figure; `agrees` is None where nothing can be expected of it."""

    name: str
    expected: str
    found: str
    agrees: bool | None
    why: str = ""


@dataclass(frozen=True)
class Built:
    """A model as its YAML builds it: parameters, and layers by class."""

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
        outcome: what the probe told of the trained checkpoint.
        epochs: asked for, and done.
        verified: what `verify` found of the model, None where it was not asked or the model is another.
        learns: whether the run is one in which a model that can learn does.
        arrived: what of the checkpoint that it began with the trainer had at its first step; empty without one.
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


def _same(name: str, expected: int, found: int) -> Compared:
    return Compared(name, f"{expected:,}", f"{found:,}", expected == found)


def _layers(expected: Mapping[str, int], found: Mapping[str, int]) -> Iterator[Compared]:
    agrees = dict(expected) == dict(found)
    differing = [name for name in {**expected, **found} if expected.get(name, 0) != found.get(name, 0)]
    shown = sorted(differing) or sorted(name for name in expected if "_" in name or name not in _UPSTREAMS)
    for name in shown:
        yield Compared(f"layers {name}", f"{expected.get(name, 0)}", f"{found.get(name, 0)}", agrees)


# Classes that say nothing about a module; others are what a user wants to see in the checkpoint.
_UPSTREAMS = ("Conv", "C3k2", "C2f", "C3", "SPPF", "C2PSA", "Concat", "Upsample", "Detect")


def _arrived(told: Mapping[str, object]) -> Iterator[Compared]:
    if told:
        expected, found = f"all {told['tensors']}", f"{told['equal']}"
        yield Compared("tensors begun with", expected, found, told["equal"] == told["tensors"])


def _epochs(asked: int, done: int) -> Compared:
    why = "" if asked == done else "upstream stopped early: no progress for its `patience`"
    return Compared("epochs", f"{asked}", f"{done}", asked == done, why)


def _finite(found: bool, dead: bool) -> Compared:
    # what is left of a model that cannot learn is chance
    return Compared("weights", "-" if dead else "finite", "finite" if found else "NaN", None if dead else found)


def _learnt(found: float, deadly: Sequence[Mapping[str, str]], learns: bool) -> Compared:
    name = "mAP50, training images"
    if deadly:
        why = f"verify found it before training: {deadly[0]['id']}: {deadly[0]['summary']}"
        return Compared(name, "0", _score(found), found < _NOTHING, why)
    if learns:
        return Compared(name, f"at least {LEARNT}", _score(found), found >= LEARNT)
    return Compared(name, "-", _score(found), None, "nothing is known of such a run that it could be compared with")


def _score(value: float | str) -> str:
    return f"{float(value):.3f}"


def _exports(outcome: Mapping[str, Any]) -> Iterator[Compared]:
    expected = outcome["predicted"]
    for form, told in outcome["exported"].items():
        if "error" in told:
            why = str(told["error"]).splitlines()[0]
            yield Compared(f"{form} predicts", _prediction(expected), "no file", False, why)
        else:
            found = told["predicted"]
            near = abs(found["score"] - expected["score"]) < _SAME_SCORE
            agrees = near and found["objects"] == expected["objects"]
            yield Compared(f"{form} predicts", _prediction(expected), _prediction(found), agrees)


def _prediction(told: Mapping[str, float]) -> str:
    return f"{told['objects']} object{'s' * (told['objects'] != 1)}, best score {told['score']:.3f}"
