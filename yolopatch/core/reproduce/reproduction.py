"""The record of a reproduction's folder, which is a JSON file in it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from yolopatch.catalog.environment.fix_patches import FixPatch, chosen, options_of
from yolopatch.catalog.module import TUTORIAL_FLAVOR
from yolopatch.catalog.modules import find_tutorial
from yolopatch.core.plain_json import load_json
from yolopatch.core.typed import require_types

RECORD = "reproduce.json"
PAGE = "REPRODUCE.md"
WORKSPACE = "workspace"
RUNS = "runs"


@dataclass(frozen=True)
class Figures:
    """A model at one scale: layers, parameters, gradients, and GFLOPs at 640 px.

    `gflops_upstream` is the number that upstream prints (thop), `gflops_true` that of torch's dispatcher.
    """

    layers: int
    parameters: int
    gradients: int
    gflops_upstream: float | None
    gflops_true: float


@dataclass(frozen=True)
class Measured:
    """The measurements of the model when the folder was made.

    Attributes:
        of: the commit and the sha256 of the YAML that were measured.
        figures: by scale.
        verify: the verdict, and each check's id, status and summary.
        environment: the versions, the machine and the time.
    """

    of: str
    figures: Mapping[str, Figures]
    verify: Mapping[str, Any]
    environment: Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """The content of the folder.

    Attributes:
        compat, seeds: whether these fix patches were asked for; a pin that needs none has none all the same.
        files: the sha256 of each file that yolopatch wrote, by its path in the folder.
        measured: None if no interpreter could build the model yet.
    """

    tutorial: str
    flavor: str
    pin: str
    compat: bool
    commit: str
    yolopatch: str
    files: Mapping[str, str] = field(default_factory=dict)
    measured: Measured | None = None
    seeds: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        """The values that never change in a folder, in words."""
        return self.tutorial, self.flavor, self.pin, *(patch.name for patch in self.fix_patches)

    @property
    def fix_patches(self) -> tuple[FixPatch, ...]:
        """The fix patches that were asked for, in the order of their commits."""
        return chosen(compat=self.compat, seeds=self.seeds)

    @property
    def repo(self) -> str | None:
        """What `--repo` named: the pin, None where it is the post's own."""
        tutorial = find_tutorial(self.tutorial)
        return None if tutorial and tutorial.pin == self.pin else self.pin


def folder_options(
    flavor: str, repo: str | None, fix_patches: Collection[FixPatch], dest: object | None, more: Iterable[str] = ()
) -> Iterator[str]:
    """Yield the options of `reproduce` that make such a folder; None for what was not named."""
    if flavor != TUTORIAL_FLAVOR:
        yield from ("--flavor", flavor)
    if repo is not None:
        yield from ("--repo", repo)
    yield from more
    yield from options_of(fix_patches)
    if dest is not None:
        yield from ("--dest", str(dest))


def write_record(record: Record) -> bytes:
    """Return the content of the record's file."""
    return (json.dumps(asdict(record), indent=2, ensure_ascii=False) + "\n").encode()


def read_record(data: bytes) -> Record | None:
    """Return the record, or None if the file is not a record."""
    try:
        content = load_json(data)
        measured = content.pop("measured")
        record = Record(**content, measured=_measured(measured) if measured else None)
        require_types(record)
        return record
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _measured(content: Mapping[str, Any]) -> Measured:
    figures = {scale: Figures(**one) for scale, one in content["figures"].items()}
    return Measured(content["of"], figures, content["verify"], content["environment"])
