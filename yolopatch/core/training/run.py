"""The record of a training run: the request, the attempts, and the results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from yolopatch.core.plain_json import load_json

RECORD = "run.json"
SUMMARY = "SUMMARY.md"
EXAMINED = "examined"
CURVES = f"{EXAMINED}/curves.png"


@dataclass(frozen=True)
class Wanted:
    """The request for a run; two runs with the same request are one run.

    Attributes:
        changes: arguments that differ from the post's, by upstream's names.
        scale: a letter.
        base: whether upstream's own model is trained, with the same arguments.
        quick: whether it is a short training on generated data.
        commit: the workspace's newest commit.
        edited: tracked files of the workspace with changes that are not committed.
        cfg: sha256 of the model YAML.
        data: sha256 of the data set: the names and sizes of the images, and the labels.
        weights: sha256 of the checkpoint with the initial weights; "" without one.
    """

    changes: Mapping[str, object]
    scale: str
    base: bool
    quick: bool
    commit: str
    edited: Sequence[str]
    cfg: str
    data: str
    weights: str = ""

    def comparable(self) -> str:
        """Return the request as JSON text, to compare it: a record read from JSON has lists instead of tuples."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Attempt:
    """A training process: its start time, the checkpoint that it resumed (None: none), and its environment."""

    started: str
    resumed: str | None
    environment: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """The current state of a run.

    Attributes:
        number: of its folder.
        save_dir: where upstream writes its results; None if it is not known yet.
        arrived: how many `tensors` the initial weights have, and how many were `equal` at the trainer's first step.
        trained: whether the training is finished.
        outcome: `model`, `validated`, `predicted` and `exported`; empty until then.
        seconds: of training, in all attempts.
        why: the reason for which the last attempt failed; "" where it did not.
    """

    number: int
    wanted: Wanted
    attempts: tuple[Attempt, ...] = ()
    save_dir: str | None = None
    arrived: Mapping[str, object] = field(default_factory=dict)
    trained: bool = False
    seconds: float = 0.0
    outcome: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


def write_run(run: Run) -> bytes:
    """Return the content of the record's file."""
    return (json.dumps(asdict(run), indent=2, ensure_ascii=False) + "\n").encode()


def read_run(data: bytes) -> Run | None:
    """Return the record, or None if this version cannot read the file."""
    try:
        content = load_json(data)
        wanted = content.pop("wanted")
        attempts = tuple(Attempt(**one) for one in content.pop("attempts"))
        return Run(**content, wanted=Wanted(**wanted), attempts=attempts)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
