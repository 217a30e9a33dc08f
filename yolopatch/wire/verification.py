"""`verify`: the checks of one model; `reference`: the base model, built by the unchanged upstream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .messages import UpstreamRequest

# where upstreams keep the YAMLs of their own models
YAML_FOLDERS = ("ultralytics/cfg/models", "models", "yolov5/models")


@dataclass(frozen=True)
class History:
    """What the git history of a checkout says about its files.

    Attributes:
        ours: whether yolopatch made it.
        commit: the commit that is checked out, None without git.
        blobs: the blob id of every file of that commit, by path.
        tree_differs: differences between yolopatch's own commits and the files that the pin and their trailers give.
        own_commits: the user's commits on top, as `id subject`, newest first.
        note: what could not be compared, and why; "" for nothing.
        release: of a checkout that yolopatch did not make, the upstream and version; "" where not known.
        as_made: the text that yolopatch gave each Python file that has another one since, by path.
    """

    ours: bool
    commit: str | None
    blobs: Mapping[str, str]
    tree_differs: tuple[str, ...] = ()
    own_commits: tuple[str, ...] = ()
    note: str = ""
    release: str = ""
    as_made: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """A way in which people start upstream, and the copy that Python imports then.

    Attributes:
        how: the way, at the start of a sentence: "with `yolo`".
        file: the file that it imports; "" where it finds none.
    """

    how: str
    file: str


@dataclass(frozen=True)
class Starts:
    """What each way to start upstream imports, in the user's own environment.

    Attributes:
        module: the name that is imported.
        ways: each way.
        remedy: what makes all of them import the checkout; a command.
        problem: why they are not known; "" where they are.
    """

    module: str
    ways: tuple[Start, ...]
    remedy: str
    problem: str = ""


@dataclass(frozen=True)
class NoPristine:
    """Why the unchanged upstream of a checkout is not at hand, and what the user can do."""

    why: str
    hint: str


@dataclass(frozen=True)
class VerifyRequest(UpstreamRequest):
    """Check a model.

    Attributes:
        cfg: its YAML.
        scale: a letter; "" for a file without scales.
        imgsz: side of the square image in pixels.
        device: torch's name of the device; None for a GPU if torch finds one.
        pristine: the folder of the unchanged upstream, None where it is not at hand.
        no_pristine: why it is not; None where it is.
        foreign: paths of YAMLs in the workspace that no release has: none of them is upstream's own.
        unedited: a folder with upstream's own form of those of them that were edited in place; None without one.
        base: upstream's own YAML that the file was made from; None for the one most like it.
        multiples: `depth_multiple` and `width_multiple` for a file that is written for another scale, else None.
        history: what the git history of the checkout says.
        starts: what people's own ways to start upstream import; None where nobody asks.
        folder: an empty folder that the task may write to.
        checks: the ids of the checks to run, in this order.
        crashed: the ids of checks that crashed an earlier process.
        elsewhere: for each class that the file names and the parser's file does not, what to do to get it; "" where
            yolopatch knows none of this name. A name that is not in it was not looked for.
    """

    cfg: str
    scale: str
    imgsz: int
    device: str | None
    pristine: str | None
    base: str | None
    multiples: Mapping[str, float] | None
    history: History
    starts: Starts | None = None
    no_pristine: NoPristine | None = None
    foreign: tuple[str, ...] = ()
    unedited: str | None = None
    folder: str = ""
    checks: tuple[str, ...] = ()
    crashed: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunsWith:
    """The versions and the hardware that the checks run with; sent first."""

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
    """A check has ended.

    Attributes:
        status: one of STATUSES.
        summary: one sentence in plain words.
        evidence: the measured values.
        hint: what to do next; "" for `pass`.
        seconds: how long it ran.
        facts: the figures of the model and its base that are known so far.
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
    """Build a model, and write its tensors' digests and outputs to `out`, a file of torch.save.

    The parsed YAML of the model comes as JSON from standard input, when it is known; nothing comes if none is wanted.
    """

    out: str
