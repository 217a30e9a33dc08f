"""`verify`: the checks of one model; and `reference`: the base model that an unchanged upstream builds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .messages import UpstreamRequest


@dataclass(frozen=True)
class History:
    """What the git history of a checkout says about its files.

    Attributes:
        ours: whether yolopatch made it.
        commit: the commit that is checked out, None without git.
        blobs: the blob id of every file of that commit, by path.
        tree_differs: where yolopatch's own commits do not hold what the pin and their trailers make them hold.
        own_commits: the user's commits on top, as `id subject`, newest first.
        note: what could not be checked, and why.
    """

    ours: bool
    commit: str | None
    blobs: Mapping[str, str]
    tree_differs: tuple[str, ...] = ()
    own_commits: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class VerifyRequest(UpstreamRequest):
    """A model to check.

    Attributes:
        cfg: its YAML.
        scale: a letter; "" for a file that says nothing of scales.
        imgsz: side of the square image in pixels.
        device: torch's name of it; None for a GPU where there is one.
        pristine: the folder of the unchanged upstream, None where there is none.
        base: upstream's own YAML that the file was made from; None for the one most like it.
        multiples: `depth_multiple` and `width_multiple` of a file that is not of this scale, else None.
        history: what the git history of the checkout says.
        folder: an empty folder of the task's own.
        checks: the ids to run, in this order.
        crashed: the ids that ended an earlier process.
    """

    cfg: str
    scale: str
    imgsz: int
    device: str | None
    pristine: str | None
    base: str | None
    multiples: Mapping[str, float] | None
    history: History
    folder: str = ""
    checks: tuple[str, ...] = ()
    crashed: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunsWith:
    """With what the checks run, said first."""

    python: str
    torch: str
    device: str
    threads: int
    cores: int | None


@dataclass(frozen=True)
class CheckBegun:
    """A check begins."""

    id: str


@dataclass(frozen=True)
class CheckEnded:
    """What a check found.

    Attributes:
        status: one of STATUSES.
        summary: one sentence in plain words.
        evidence: what was measured.
        hint: what to do; "" for `pass`.
        seconds: how long it took.
        facts: figures of the model and its base, as far as they are known by now.
    """

    id: str
    status: str
    summary: str
    evidence: Mapping[str, Any]
    hint: str
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReferenceRequest(UpstreamRequest):
    """Build the model of a parsed YAML and write what it is to a file of torch's at `out`."""

    data: Mapping[str, Any]
    out: str
