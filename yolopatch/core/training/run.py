"""The record of a training run: the request, the attempts, and the results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import PurePath
from typing import Any

from yolopatch.core.plain_json import load_json
from yolopatch.core.typed import require_types

_UP = ".."
_SEPARATOR = str(PurePath("a", "b"))[1]  # of this system
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
        scores: of a trained run of a grid, as `ablate/scores.py` keeps them; empty where they were not kept.
        settings: of a trained run of a grid: `alike`, which the settings that upstream wrote have in common with those
            of runs that are trained alike, and the `stamp` of their file; empty where they were not kept.
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
    scores: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def write_run(run: Run, folder: PurePath, top: PurePath) -> bytes:
    """Return the content of the record's file.

    Results in `top` are named by the way to them: whoever moves or copies this folder takes them along, and no run of a
    copy goes on in the folder that was copied.

    Args:
        run: the run.
        folder: that of the record.
        top: the folder that has the record, the workspaces and, as a rule, the results.
    """
    content = asdict(run)
    if run.save_dir and PurePath(run.save_dir).is_relative_to(top):
        up = [_UP] * len(folder.relative_to(top).parts)
        content["save_dir"] = "/".join([*up, *PurePath(run.save_dir).relative_to(top).parts])
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def read_run(data: bytes, folder: PurePath | str) -> Run | None:
    """Return the record in a folder, or None if this version cannot read the file."""
    try:
        content = load_json(data)
        wanted = content.pop("wanted")
        attempts = tuple(Attempt(**one) for one in content.pop("attempts"))
        results = content.pop("save_dir", None)
        save_dir = _place(str(folder), results) if results else None
        run = Run(**content, save_dir=save_dir, wanted=Wanted(**wanted), attempts=attempts)
        require_types(run)
        return run
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _place(folder: str, way: str) -> str:
    """Return where a way from a folder leads, as `write_run` writes it; in texts, for who reads thousands."""
    parts = way.split("/")
    ups = next((number for number, part in enumerate(parts) if part != _UP), len(parts))
    if not ups:
        return str(PurePath(folder, way))  # an absolute way begins with its root
    return _SEPARATOR.join([folder.rsplit(_SEPARATOR, ups)[0], *parts[ups:]])
