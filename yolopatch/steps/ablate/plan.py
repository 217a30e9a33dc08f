"""From a grid to the models and the runs that it means; nothing is read from or written to the disk but arms' YAMLs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import SEEDS, chosen
from yolopatch.catalog.model.base_model import DETECT, BaseModel
from yolopatch.catalog.model.models import MODELS, find_model
from yolopatch.catalog.modules import find_module, require_flavor
from yolopatch.catalog.names import fold, unknown
from yolopatch.catalog.pins import PINS, Pin, find_pin
from yolopatch.core.ablate.grid import Arm, Grid, run_id
from yolopatch.core.model.cfg_file import CfgFile
from yolopatch.core.model.cfg_text import Cfg, file_name, render_text
from yolopatch.errors import UsageError
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.files.templates import load_templates
from yolopatch.steps.model import render_request
from yolopatch.steps.model.render_request import RenderRequest
from yolopatch.steps.workspace.patchset import needed


@dataclass(frozen=True)
class PlannedRun:
    """One run of the grid."""

    id: str
    arm: Arm
    scale: str
    seed: int


@dataclass(frozen=True)
class GridPlan:
    """A grid, checked against the catalog.

    Attributes:
        model: the base model of every arm.
        pin: the upstream that trains them.
        where: the folder that the paths in the grid are relative to.
    """

    grid: Grid
    model: BaseModel
    pin: Pin
    where: Path

    @property
    def seed_patch(self) -> bool | None:
        """Whether the workspaces have the seed patch; None for a pin that needs none."""
        is_known = self.pin.home is None
        return None if is_known and not SEEDS.fixes_of(self.pin) else self.grid.seed_patch

    def runs(self) -> Iterator[PlannedRun]:
        """Yield every run. All arms have their first seed before one has its second: a partial table is even."""
        for seed, scale, arm in itertools.product(self.grid.seeds, self.grid.scales, self.grid.arms):
            yield PlannedRun(run_id(arm.name, scale, seed), arm, scale, seed)

    def models(self) -> Iterator[tuple[Arm, str]]:
        """Yield each arm at each scale."""
        yield from itertools.product(self.grid.arms, self.grid.scales)

    def cfg(self, arm: Arm, scale: str, nc: int | None) -> tuple[str, str]:
        """Return the name and the text of the YAML of an arm at a scale, for a number of classes (None: upstream's).

        Raises:
            UsageError: as `render-cfg`, or the arm's own YAML does not have the scale.
        """
        if arm.cfg:
            return _own_cfg(self.own_file(arm), self.model, scale)
        cfg = self._rendered(arm, scale, nc)
        return file_name(cfg), render_text(cfg, load_templates())

    def own_file(self, arm: Arm) -> CfgFile:
        """Return the YAML that an arm names.

        Raises:
            UsageError: it does not exist, or is no model YAML.
        """
        return read_cfg(self.where / str(arm.cfg))

    def _rendered(self, arm: Arm, scale: str, nc: int | None) -> Cfg:
        placed = tuple(name for name in arm.modules if find_module(name).has_layers)
        request = RenderRequest(placed, self.model.name, DETECT, scale, arm.placements, nc=nc, flavor=arm.flavor)
        return render_request.plan(request, self.pin)[0]

    def check(self, arm: Arm) -> None:
        """Check that an arm has a model at every scale.

        Raises:
            UsageError: as `cfg`.
        """
        for scale in self.grid.scales:
            with _said_of(f"of the arm {arm.name}, scale {scale}"):
                self.cfg(arm, scale, None)

    def require_files(self) -> None:
        """Check that the checkpoints and YAMLs that the grid names are there.

        Raises:
            UsageError: one does not exist, or is no model of this grid.
        """
        for arm in self.grid.arms:
            if arm.cfg:
                self.check(arm)
        for scale in self.grid.scales:
            _require_weights(self.weights(scale), scale)

    def weights(self, scale: str) -> Path | None:
        """Return the checkpoint that a run at a scale starts from; None for random weights."""
        named = self.grid.weights
        return self.where / named.replace("{scale}", scale) if named else None


def plan_grid(grid: Grid, where: Path) -> GridPlan:
    """Check a grid against the catalog.

    Raises:
        UsageError: an unknown model, pin, scale, module or placement.
        YolopatchError: the seed patch is wanted for a pin of the user's own, of which none is known.
    """
    pin, model = _pin_and_model(grid.model)
    for scale in grid.scales:
        if scale not in model.scales:
            raise UsageError(
                f"scales: {scale!r} is not one scale of {model.name}",
                details=[f"known: {', '.join(model.scales)}"],
                hint=f'e.g. scales = ["{next(iter(model.scales))}"]',
            )
    plan = GridPlan(grid, model, pin, where)
    needed(pin, chosen(compat=grid.compat, seeds=grid.seed_patch))
    for arm in grid.arms:
        with _said_of(f"of the arm {arm.name}"):
            for name in arm.modules:
                require_flavor(find_module(name), arm.flavor)
    for arm in grid.arms:
        if not arm.cfg:
            plan.check(arm)
    return plan


@contextmanager
def _said_of(part: str) -> Iterator[None]:
    """Let a usage error that leaves the block say of which part of the grid it speaks."""
    try:
        yield
    except UsageError as error:
        error.details = (part, *error.details)
        raise


def _pin_and_model(name: str) -> tuple[Pin, BaseModel]:
    """Return the pin of this name and the model of its family, or the family of this name and its usual pin."""
    pin = find_pin(name)
    if pin:
        return pin, find_model(pin.model)
    family = next((model for model in MODELS.values() if fold(model.name) == fold(name)), None)
    if family is None:
        raise unknown("model of the grid", name, [*MODELS, *PINS])
    return family.pin, family


def _own_cfg(file: CfgFile, model: BaseModel, scale: str) -> tuple[str, str]:
    """Return the name and text of an arm's own YAML: upstream reads the scale from the name."""
    if file.task != DETECT:
        raise UsageError(f"{file.path} is a model for the task {file.task}", hint="an arm is a detection model")
    letter = file.any_scale(model.letter(scale)) if file.letters else ""
    text = Path(file.path).read_text("utf-8", "replace")
    stem = file.path.stem.replace(model.stem(), "").strip("-_") or "own"
    return f"{model.stem(scale if letter else '')}-{stem}.yaml", text


def _require_weights(file: Path | None, scale: str) -> None:
    if file and not file.is_file():
        raise UsageError(
            f"[start] weights: there is no {file}, for scale {scale}",
            details=["expected: a checkpoint of the base model; {scale} in the name stands for the letter"],
            hint='e.g. weights = "yolo11{scale}.pt"',
        )
