"""The workspaces of a grid: one for each arm, all of one pin, with nothing in them but the arm's modules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch, chosen
from yolopatch.catalog.modules import find_module
from yolopatch.core.ablate.grid import Arm
from yolopatch.errors import ConflictError
from yolopatch.outside.ablate.grid_folder import GridFolder
from yolopatch.outside.watch import Watch
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.ablate.plan import GridPlan
from yolopatch.steps.workspace.apply import make_workspace
from yolopatch.steps.workspace.change import read_finished
from yolopatch.steps.workspace.patchset import needed
from yolopatch.wire import shell


def make_workspaces(
    plan: GridPlan, folder: GridFolder, source: str, cache: Path, watch: Watch
) -> tuple[dict[str, Workspace], tuple[str, ...]]:
    """Make the workspace of each arm, or read the one that is there.

    Returns:
        the workspaces by the arm's name, and notes for the user.

    Raises:
        ConflictError: one has other patches than its arm, or changes of the user's.
        SourceError: no source has the pin's content.
    """
    grid, found, notes = plan.grid, {}, []
    fix_patches = _asked(plan)
    for number, arm in enumerate(grid.arms, 1):
        watch(f"workspace of {arm.name}", number, len(grid.arms))
        place = folder.workspace(arm.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        made = make_workspace(plan.pin.name, arm.modules, arm.flavor, place, source, cache, fix_patches)
        notes += list(made.notes) if made else []
        workspace, finished = read_finished(place)
        _require_own(workspace, plan, arm)
        found[arm.name] = workspace
        notes += finished
    return found, tuple(dict.fromkeys(notes))


def _require_own(workspace: Workspace, plan: GridPlan, arm: Arm) -> None:
    expected, found = " ".join(_wanted(plan, arm)), " ".join(_found(workspace))
    if expected != found:
        raise ConflictError(
            f"{workspace.path} is not the workspace of the arm {arm.name}; nothing was trained",
            details=[f"expected: {expected}", f"found:    {found}"],
            hint="name another folder with --dest",
        )
    mine = [*(f"edited: {name}" for name in workspace.edited)]
    mine += [f"committed: {one.id[:12]} {one.subject}" for one in workspace.own_commits]
    if mine:
        raise ConflictError(
            f"{workspace.path} has changes of yours, so the arm {arm.name} is not what the grid says; "
            "nothing was trained",
            details=mine[:8],
            hint=f"see them: {shell.join(['git', '-C', workspace.path, 'status'])}; make a module of them with "
            "yolopatch add, and name it in the arm",
        )


def _asked(plan: GridPlan) -> tuple[FixPatch, ...]:
    return chosen(compat=plan.grid.compat, seeds=plan.grid.seed_patch)


def _wanted(plan: GridPlan, arm: Arm) -> Iterator[str]:
    yield plan.pin.name
    yield from (patch.name for patch in needed(plan.pin, _asked(plan)))
    yield from sorted(f"{find_module(name).name}:{arm.flavor}" for name in set(arm.modules))


def _found(workspace: Workspace) -> Iterator[str]:
    yield workspace.pin.name
    yield from (patch.name for patch in workspace.fix_patches)
    yield from sorted(f"{one.name}:{one.flavor}" for one in workspace.applied)
