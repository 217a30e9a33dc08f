"""What a reproduction's folder holds, and the record of it that lies there as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

RECORD = "reproduce.json"
PAGE = "REPRODUCE.md"
WORKSPACE = "workspace"
RUNS = "runs"


@dataclass(frozen=True)
class Figures:
    """One model at one scale: layers, parameters, gradients, and GFLOPs at 640 px.

    `gflops_upstream` is what upstream prints (thop), `gflops_true` what the dispatcher counts.
    """

    layers: int
    parameters: int
    gradients: int
    gflops_upstream: float | None
    gflops_true: float


@dataclass(frozen=True)
class Measured:
    """What was measured of the model when the folder was made.

    Attributes:
        of: the commit and the sha256 of the YAML that were measured.
        figures: by scale.
        verify: the verdict, and each check's id, status and summary.
        environment: with which versions, where and when.
    """

    of: str
    figures: Mapping[str, Figures]
    verify: Mapping[str, Any]
    environment: Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """What the folder is.

    Attributes:
        files: the sha256 of each file that yolopatch wrote, by its path from the folder.
        measured: None where no interpreter could build the model yet.
    """

    tutorial: str
    flavor: str
    pin: str
    compat: bool
    commit: str
    yolopatch: str
    files: Mapping[str, str] = field(default_factory=dict)
    measured: Measured | None = None

    @property
    def identity(self) -> tuple[str, str, str, bool]:
        """What cannot change while the folder stays."""
        return self.tutorial, self.flavor, self.pin, self.compat


def write_record(record: Record) -> bytes:
    """Return the record as the file holds it."""
    return (json.dumps(asdict(record), indent=2, ensure_ascii=False) + "\n").encode()


def read_record(data: bytes) -> Record | None:
    """Return the record, or None where the file holds none."""
    try:
        said = json.loads(data)
        measured = said.pop("measured")
        return Record(**said, measured=_measured(measured) if measured else None)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _measured(said: Mapping[str, Any]) -> Measured:
    figures = {scale: Figures(**one) for scale, one in said["figures"].items()}
    return Measured(said["of"], figures, said["verify"], said["environment"])
