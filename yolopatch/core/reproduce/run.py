"""One training run of a reproduction: what was asked, with what it was done, what came out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

RECORD = "run.json"
SUMMARY = "SUMMARY.md"
EXAMINED = "examined"
CURVES = f"{EXAMINED}/curves.png"


@dataclass(frozen=True)
class Wanted:
    """What a run is asked to be; two runs that agree in all of it are one run.

    Attributes:
        changes: arguments that are not the post's, by upstream's names.
        scale: a letter.
        base: whether upstream's own model is trained, with the same arguments.
        quick: whether it is a short training on generated data.
        commit: the workspace's newest commit.
        edited: tracked files of the workspace that the user has changed since.
        cfg: sha256 of the model YAML.
        data: sha256 over the data set: the images' names and sizes, and the labels.
        weights: sha256 of the checkpoint that it begins with, "" for none.
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

    def told(self) -> str:
        """Return it as text, by which it is compared: a record knows no tuples."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class Attempt:
    """One process that trained: when it began, from which checkpoint (None: the beginning), with what."""

    started: str
    resumed: str | None
    environment: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """A run, as far as it has come.

    Attributes:
        number: of its folder.
        save_dir: where upstream writes its results, None before it has said so.
        arrived: how many `tensors` of the checkpoint that it began with were `equal` at the trainer's first step.
        trained: whether upstream ended the training.
        outcome: `model`, `validated`, `predicted` and `exported`; empty until then.
        seconds: of training, all attempts together.
    """

    number: int
    wanted: Wanted
    attempts: tuple[Attempt, ...] = ()
    save_dir: str | None = None
    arrived: Mapping[str, object] = field(default_factory=dict)
    trained: bool = False
    seconds: float = 0.0
    outcome: Mapping[str, Any] = field(default_factory=dict)


def write_run(run: Run) -> bytes:
    """Return the record as the file holds it."""
    return (json.dumps(asdict(run), indent=2, ensure_ascii=False) + "\n").encode()


def read_run(data: bytes) -> Run | None:
    """Return the record, or None where the file holds none that this version reads."""
    try:
        said = json.loads(data)
        wanted = said.pop("wanted")
        attempts = tuple(Attempt(**one) for one in said.pop("attempts"))
        return Run(**said, wanted=Wanted(**wanted), attempts=attempts)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
