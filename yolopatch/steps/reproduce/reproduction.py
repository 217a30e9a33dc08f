"""A tutorial's reproduction: the request, and the content of its folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch, flags
from yolopatch.catalog.reproduce.recipes import Departure, Recipe, departures
from yolopatch.core.reproduce.reproduction import Measured, Record
from yolopatch.core.text import sha256
from yolopatch.outside.environment.interpreter import Interpreter
from yolopatch.outside.workspace.workspace import Workspace


@dataclass(frozen=True)
class ReproduceRequest:
    """The options of `reproduce` for the folder.

    Attributes:
        tutorial: its id.
        flavor: `tutorial` for the post's code, `paper` for the working module.
        dest: the folder; None for the tutorial's name in the current folder.
        repo: a pin with the same base model as the post's pin; None for the post's pin.
        source: where the upstream comes from, as in `apply`.
        fix_patches: those to add, where the pin needs them.
        python: the interpreter with upstream's requirements; None to find one.
    """

    tutorial: str
    flavor: str = "tutorial"
    dest: Path | None = None
    repo: str | None = None
    source: str = "auto"
    fix_patches: tuple[FixPatch, ...] = ()
    python: str | None = None


@dataclass(frozen=True)
class Reproduction:
    """The content of the folder.

    Attributes:
        asked: what the user asked for.
        cfg, script, page: the files.
        interpreter: for building and training the model.
        notes: what the user should know.
    """

    asked: ReproduceRequest
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
        """The figures of the model, None before they are measured."""
        return self.record.measured

    @property
    def of(self) -> str:
        """The state that a measurement belongs to: the commit, and the sha256 of the YAML."""
        return f"{self.workspace.head.id} {sha256(self.cfg.read_bytes())}"

    def _departures(self) -> list[Departure]:
        return departures(self.recipe, self.record.flavor, self.workspace.fix_patches)

    def data(self) -> dict[str, object]:
        """Return what `reproduce --json` prints."""
        return {
            "folder": self.folder,
            "tutorial": self.record.tutorial,
            "flavor": self.record.flavor,
            "pin": self.record.pin,
            **flags(self.record.fix_patches),
            "commit": self.record.commit,
            "workspace": self.workspace.path,
            "cfg": self.cfg,
            "script": self.script,
            "page": self.page,
            "departures": [{"what": one.what, "why": one.why} for one in self._departures()],
            "measured": asdict(self.measured) if self.measured else None,
        }
