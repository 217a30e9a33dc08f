"""What every task of the probe may say beside its own answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UpstreamRequest:
    """A request for which the probe imports an upstream.

    Attributes:
        workspace: the folder whose upstream is imported.
        style: `ultralytics`, `yolov5` or `yolov5-package`.
    """

    workspace: str
    style: str


@dataclass(frozen=True)
class UpstreamOpened:
    """The upstream is imported; `file` is where its parser lies."""

    file: str


@dataclass(frozen=True)
class Step:
    """A step of the task begins; `name` is what is done in it."""

    name: str


@dataclass(frozen=True)
class Refused:
    """The request cannot be met.

    Attributes:
        what: the sentence that a person reads.
        details: what was expected and found, a line each.
        hint: what to do next.
    """

    what: str
    details: tuple[str, ...]
    hint: str
