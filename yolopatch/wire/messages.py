"""Messages that every task of the probe may send, in addition to its own answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UpstreamRequest:
    """A request that needs the workspace's upstream.

    Attributes:
        workspace: the folder from which upstream is imported.
        style: `ultralytics`, `yolov5` or `yolov5-package`.
    """

    workspace: str
    style: str


@dataclass(frozen=True)
class UpstreamOpened:
    """The upstream is imported; `file` is the path of its parser module."""

    file: str


@dataclass(frozen=True)
class Step:
    """A step of the task begins; `name` is shown to the user: `building the model`."""

    name: str


@dataclass(frozen=True)
class Refused:
    """The task cannot be done.

    Attributes:
        what: one sentence for the user.
        details: lines such as `expected: …` and `found: …`.
        hint: what to do next.
    """

    what: str
    details: tuple[str, ...]
    hint: str


@dataclass(frozen=True)
class NotBuilt:
    """A model that upstream could not build, or not run; the task ends with it.

    Attributes:
        cfg: the path of its YAML.
        why: which layer, which argument; one sentence.
        exception: its type and its message.
        at: the innermost line that is in the workspace, `file:line in function`; "" where none is.
        hint: what to do.
        unknown: the class that it names and parse_model does not know; "" where that is not why.
    """

    cfg: str
    why: str
    exception: str
    at: str
    hint: str
    unknown: str = ""
