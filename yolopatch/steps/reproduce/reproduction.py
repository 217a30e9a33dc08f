"""A tutorial's reproduction: what is asked for, and what lies in its folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.catalog.reproduce.recipes import Recipe, departures
from yolopatch.core.reproduce.reproduction import Measured, Record
from yolopatch.core.text import sha256
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.workspace.workspace import Workspace


@dataclass(frozen=True)
class ReproduceRequest:
    """What to reproduce, as the command line names it.

    Attributes:
        tutorial: its id.
        flavor: `tutorial` for what the post does, `paper` for the working module.
        dest: the folder; None for one with the tutorial's name here.
        repo: another pin of the same base model than the post's.
        source: where the upstream comes from, as `apply` has it.
        compat: whether the upstream's old code is mended for today's libraries.
        python: the interpreter with upstream's requirements; None to find one.
    """

    tutorial: str
    flavor: str = "tutorial"
    dest: Path | None = None
    repo: str | None = None
    source: str = "auto"
    compat: bool = False
    python: str | None = None


@dataclass(frozen=True)
class Reproduction:
    """What lies in the folder.

    Attributes:
        interpreter: what the model is built and trained with.
        notes: what the user should know.
    """

    folder: Path
    recipe: Recipe
    record: Record
    workspace: Workspace
    cfg: Path
    script: Path
    page: Path
    interpreter: Interpreter
    notes: tuple[str, ...]

    @property
    def measured(self) -> Measured | None:
        """What was measured of the model, None where nothing was yet."""
        return self.record.measured

    @property
    def of(self) -> str:
        """What a measurement is of: the commit, and the sha256 of the YAML."""
        return f"{self.workspace.head.id} {sha256(self.cfg.read_bytes())}"

    def data(self) -> dict[str, object]:
        """Return what `reproduce --json` prints."""
        return {
            "folder": self.folder,
            "tutorial": self.record.tutorial,
            "flavor": self.record.flavor,
            "pin": self.record.pin,
            "compat": self.record.compat,
            "commit": self.record.commit,
            "workspace": self.workspace.path,
            "cfg": self.cfg,
            "script": self.script,
            "page": self.page,
            "departures": [{"what": one.what, "why": one.why} for one in departures(self.recipe, self.record.flavor)],
            "measured": asdict(self.measured) if self.measured else None,
        }
