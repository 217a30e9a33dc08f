"""The next sensible command, in a workspace and outside of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.module import TUTORIAL_FLAVOR
from yolopatch.catalog.modules import lookup_module
from yolopatch.catalog.pins import Pin, style_of
from yolopatch.core.workspace.commit_message import Applied
from yolopatch.outside.workspace.verdict import LastVerdict
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.here.folder import (
    CHECKPOINT,
    CODE,
    DATA,
    FORK,
    GRID,
    MODEL,
    NEW_WORKSPACE,
    Found,
    of_kind,
)
from yolopatch.steps.here.last_run import LastRun
from yolopatch.wire import shell
from yolopatch.wire.statuses import FAIL

# Of what lies in a folder, the first of these is what the user most likely came for.
_ORDER = (GRID, CODE, FORK, CHECKPOINT, DATA, MODEL)
_WHY = {
    GRID: "it lists the runs of the grid; without --dry-run, it trains them",
    CODE: "it turns the file into a module",
    FORK: "it tells what the fork changes",
    CHECKPOINT: "it rebuilds the workspace that saved the checkpoint",
    DATA: "it finds what upstream would drop from the data set",
    MODEL: "it goes on from the model YAML",
}


@dataclass(frozen=True)
class Next:
    """The command to type next, and why."""

    command: str
    why: str


def next_outside(found: tuple[Found, ...]) -> Next:
    """Return the first command where there is no workspace."""
    for kind in _ORDER:
        for one in of_kind(found, kind):
            return Next(one.command, _WHY[kind])
    return Next(NEW_WORKSPACE, "it makes a workspace with a module")


def next_inside(
    workspace: Workspace,
    name: str,
    inside: tuple[Found, ...],
    data: Iterable[Path],
    verdict: LastVerdict | None,
    run: LastRun | None,
) -> Next:
    """Return the next command for a workspace.

    Args:
        workspace: the workspace.
        name: its folder, as it is typed.
        inside: what lies in it.
        data: the data YAMLs that were found, as whole paths.
        verdict: of the last `verify`, None without one.
        run: the last training, None without one.
    """
    if workspace.interrupted or workspace.operation:
        return Next(shell.join(["yolopatch", "status", name]), "something was interrupted in the workspace")
    if not workspace.applied:
        add = ["yolopatch", "apply", "--repo", workspace.pin.name, "--module", "DSConv", "--dest", name]
        return Next(shell.join(add), "the workspace has no module yet")
    placed = _placed(workspace)
    models = [str(one.path) for one in of_kind(inside, MODEL) if one.modules or not placed]
    if not models:
        return Next(_render(workspace, name, placed), "the workspace has no model YAML for its module yet")
    cfg = next((one for one in models if verdict and Path(one).name == Path(verdict.cfg).name), models[0])
    verify = ["yolopatch", "verify", name, "--cfg", cfg]
    if verdict is None:
        return Next(shell.join(verify), "no model of the workspace was verified yet")
    if verdict.commit != workspace.tip.id or (workspace.edited and not verdict.edited):
        return Next(shell.join(verify), "the workspace has changed since it was verified")
    if verdict.verdict == FAIL:
        again = ["yolopatch", "verify", name, "--cfg", verdict.cfg, "--report", "report.html"]
        return Next(shell.join(again), "a check failed; the page explains what it means")
    if run is None and verdict.ran < verdict.of:
        return Next(shell.join(verify), "the checks that were not run may still find something")
    if run is None:
        return _train(workspace, name, cfg, next(iter(data), None))
    return Next(shell.join(["yolopatch", "compare", run.folder]), "it counts and times the model that was trained")


def _placed(workspace: Workspace) -> Applied | None:
    """Return the first module that has layers in a model: a loss has none."""
    known = ((one, lookup_module(one.name)) for one in workspace.applied)
    return next((one for one, module in known if module and module.has_layers), None)


def _render(workspace: Workspace, name: str, placed: Applied | None) -> str:
    module = ["--module", placed.name] if placed else []
    flavor = ["--flavor", placed.flavor] if placed and placed.flavor == TUTORIAL_FLAVOR else []
    model = ["--model", workspace.pin.model]
    return shell.join(["yolopatch", "render-cfg", *module, *flavor, *model, "--scale", "n", "--out", name])


def _train(workspace: Workspace, name: str, cfg: str, data: Path | None) -> Next:
    if data is None:
        make = ["yolopatch", "data", "shapes", "--out", _beside(workspace, name)]
        return Next(shell.join(make), "it makes a small data set to train on first")
    run = ["yolopatch", "env", "run", name, "--", *_training(workspace.pin, cfg, str(data))]
    return Next(shell.join(run), "the model is verified and was not trained yet")


def _beside(workspace: Workspace, name: str) -> str:
    """Return a folder beside the workspace, as it is typed."""
    if name == ".":
        return "../shapes"
    return "shapes" if not Path(name).is_absolute() else str(workspace.path.parent / "shapes")


def _training(pin: Pin, cfg: str, data: str) -> Iterator[str]:
    """Yield upstream's own command."""
    style = style_of(pin)
    if style == "ultralytics":
        yield from ("yolo", "train", f"model={cfg}", f"data={data}")
        return
    yield from ("python", "train.py") if style == "yolov5" else ("python", "-m", "yolov5.train")
    yield from ("--cfg", cfg, "--data", data, "--weights", "")
