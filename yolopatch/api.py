"""yolopatch from Python: the functions that the command line calls, with results as frozen dataclasses.

    from yolopatch import apply, render_cfg, verify

    apply("ultralytics-8.3.0", ["DSConv"], dest="my-yolo")
    render_cfg(["DSConv"], scale="n", out="my-yolo")
    found = verify("my-yolo", "yolo11n-C3k2-DSConv.yaml")
    assert found.verdict == "pass"

Each raises `YolopatchError` (or a subclass of it), which says what happened, where, and what to do next. Paths may be
texts. Every result has `data()`, the object that the command prints with `--json`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import chosen
from yolopatch.catalog.resources import templates_dir
from yolopatch.outside.own.own_catalog import load_users_catalog
from yolopatch.outside.source.store import cache_dir
from yolopatch.outside.watch import Watch, no_watch
from yolopatch.steps.ablate import ablate as ablations
from yolopatch.steps.ablate.ablate import AblateRequest
from yolopatch.steps.ablate.on_cluster import EngineOptions, executor_of
from yolopatch.steps.ablate.tables import AblationTable, write_tables
from yolopatch.steps.adopt import adopt as adopting
from yolopatch.steps.adopt.adopt import Adoption, AdoptRequest
from yolopatch.steps.compare import compare as comparing
from yolopatch.steps.compare.compare import Comparison
from yolopatch.steps.engines.engine import Event
from yolopatch.steps.engines.schedule import Standing
from yolopatch.steps.model import render as rendering
from yolopatch.steps.model.render import RenderResult
from yolopatch.steps.model.render_request import RenderRequest
from yolopatch.steps.verify import verify as verifying
from yolopatch.steps.verify.verify import Verification
from yolopatch.steps.workspace import apply as applying
from yolopatch.steps.workspace.state import WorkspaceState

StrPath = str | os.PathLike[str]


def apply(
    repo: str,
    modules: Sequence[str] = (),
    *,
    dest: StrPath | None = None,
    flavor: str = "paper",
    compat: bool = False,
    seeds: bool = False,
    source: str = "auto",
) -> WorkspaceState:
    """Add modules to a pin in the workspace at `dest`; make the workspace if there is none.

    Args:
        repo: an upstream (`ultralytics`, `yolov5`) or a pin (`ultralytics-8.3.0`).
        modules: names of modules or of their classes.
        dest: the workspace; None for a folder with the pin's name in the current folder.
        flavor: `paper` or `tutorial`.
        compat: also fix what newer libraries break.
        seeds: also let the seed reach the processes that load images.
        source: `auto`, `git`, `pypi` or a path; for a new workspace.

    Raises:
        UsageError: an unknown name, or nothing to add.
        ConflictError: your own changes are in the way; nothing was changed.
        YolopatchError: no source has the pin's content, or the module is not there for the pin.
    """
    _open()
    place = None if dest is None else Path(dest)
    fix_patches = chosen(compat=compat, seeds=seeds)
    return applying.apply(repo, modules, flavor, place, source, cache_dir(), fix_patches)


def render_cfg(
    modules: Sequence[str] = (),
    *,
    model: str | None = None,
    task: str = "detect",
    scale: str = "all",
    placements: Sequence[str] = (),
    block: bool = False,
    nc: int | None = None,
    flavor: str = "paper",
    out: StrPath = ".",
) -> RenderResult:
    """Write model YAMLs that use modules; without modules, the base model's own.

    Args:
        modules: the modules to place.
        model: `yolo26`, `yolo11`, `yolov8` or `yolov5`; None for that of the module's tutorial.
        task: `detect`, `segment`, `pose`, `obb` or `classify`.
        scale: letters with commas, or `all` for one file with the table of scales.
        placements: one for a single module, else `MODULE:PLACEMENT` for each.
        block: wrap the module into the block of the model's family.
        nc: the number of classes; None for upstream's.
        flavor: `paper` or `tutorial`.
        out: the folder of the files.

    Raises:
        UsageError: an unknown name or value, or a layer that the module cannot replace.
        ConflictError: a file of yours is in the way; nothing was written.
    """
    _open()
    request = RenderRequest(tuple(modules), model, task, scale, tuple(placements), block, nc, flavor, Path(out))
    return rendering.render(request, templates_dir())


def verify(
    workspace: StrPath,
    cfg: StrPath,
    scale: str | None = None,
    *,
    checks: Sequence[str] = (),
    imgsz: int = 640,
    device: str | None = None,
    python: str | None = None,
    timeout: float = 300.0,
    watch: Watch = no_watch,
) -> Verification:
    """Check that the model of a YAML is what it claims to be; `verdict` is `pass`, `warn` or `fail`.

    Args:
        workspace: the workspace, or another checkout of an upstream.
        cfg: the model YAML, from the current folder or from the workspace.
        scale: its letter; None for what the file says or its name carries.
        checks: the ids of the checks to run; empty for all.
        imgsz: side of the square images in pixels.
        device: torch's name of it (`cpu`, `cuda:0`); None for a GPU if torch sees one.
        python: the interpreter with upstream's requirements; None to find one.
        timeout: seconds for each check.
        watch: called when a check starts: its id, its number and how many there are.

    Raises:
        UsageError: the file, the scale or a check does not exist, or the folder is no checkout.
        YolopatchError: the interpreter does not exist, cannot import upstream, or has no such device.
    """
    _open()
    return verifying.verify(
        Path(workspace),
        Path(cfg),
        scale,
        watch=watch,
        checks=tuple(checks),
        imgsz=imgsz,
        device=device,
        python=python,
        timeout=timeout,
    )


def compare(
    items: Sequence[str],
    *,
    workspace: StrPath | None = None,
    data: StrPath | None = None,
    scale: str | None = None,
    imgsz: int = 640,
    batch: int | None = None,
    half: bool = False,
    device: str | None = None,
    python: str | None = None,
    watch: Watch = no_watch,
) -> Comparison:
    """Count and time models side by side, and evaluate checkpoints on data.

    Args:
        items: each a model YAML in a workspace, a checkpoint or the folder of a run; `NAME=ITEM` names it.
        workspace: for items that lie outside of every workspace.
        data: the data YAML to evaluate checkpoints on; None to evaluate none.
        scale: of the YAMLs; None for what each says.
        imgsz: side of the square images in pixels.
        batch: images in a forward; None for one, and for as many as upstream takes where it evaluates.
        half: whether forwards run in float16.
        device: torch's name of it; None for the CPU.
        python: the interpreter with upstream's requirements; None to find one.
        watch: called when the models of a workspace are measured.

    Raises:
        UsageError: an item does not exist, the models are of several tasks, or the data is not as upstream needs it.
        YolopatchError: a model does not build or run, or was trained on other classes than the data's.
    """
    _open()
    options = comparing.Options(
        workspace=None if workspace is None else Path(workspace),
        data=None if data is None else Path(data),
        scale=scale,
        imgsz=imgsz,
        batch=batch,
        half=half,
        device=device,
        python=python,
    )
    return comparing.compare(items, options, cache_dir(), watch)


def ablate(
    grid: StrPath,
    *,
    dest: StrPath | None = None,
    workers: int | None = None,
    only: str | None = None,
    measure: bool = True,
    tracker: str | None = None,
    python: str | None = None,
    source: str = "auto",
    engine: str = "local",
    address: str | None = None,
    gpus_per_run: float | None = None,
    cpus_per_run: float | None = None,
    watch: Watch = no_watch,
    hear: Callable[[Event, Standing], None] = lambda event, standing: None,
    tell: Callable[[str], None] = lambda note: None,
) -> AblationTable:
    """Train what is not trained yet of a grid, and write its tables into its folder; killed and repeated, it goes on.

    Args:
        grid: the TOML file, or the folder of a grid.
        dest: the folder; None for one with the file's name in the current folder.
        workers: how many runs at once; None for as many as the machine can.
        only: the arm to train; None for all.
        measure: whether the models are counted and timed first.
        tracker: where the runs are shown: `tensorboard`, `wandb`, `mlflow`, `clearml` or `comet`; None for nowhere.
        python: the interpreter with upstream's requirements; None to find one.
        source: where the upstream comes from, as in `apply`.
        engine: `local`, or `ray` for a Ray cluster.
        address: of the cluster: `auto` or HOST:PORT; None to start Ray on this machine.
        gpus_per_run, cpus_per_run: what each run takes of a node of the cluster; None for what fits most.
        watch: called with each step before the first run.
        hear: called with each event of a run, and where the runs stand after it.
        tell: called before the first run with what is to be known of the data, the start weights, the arms and the
            cluster.

    Raises:
        UsageError: the grid is not right.
        ConflictError: the folder has something else, or runs of another grid.
        YolopatchError: the pin cannot train here, the data have errors, or a model does not build.
    """
    _open()
    request = AblateRequest(
        Path(grid), None if dest is None else Path(dest), workers, only, python, source, measure, tracker
    )
    plan, folder = ablations.open_grid(request)
    options = EngineOptions(engine, address, gpus_per_run, cpus_per_run)
    options.words()
    with executor_of(options, request, cache_dir(), tell) as executor:
        return write_tables(ablations.ablate(request, plan, folder, executor, cache_dir(), watch, hear, tell))


def adopt(
    fork: StrPath,
    *,
    base: str = "auto",
    cfgs: Sequence[str] = (),
    folder: str | None = None,
    to: str | None = None,
    dest: StrPath | None = None,
    areas: Sequence[str] = (),
    verifies: bool = False,
    name: str | None = None,
    builds: bool = True,
    python: str | None = None,
    watch: Watch = no_watch,
) -> Adoption:
    """Tell what a published fork changes, and rebuild its models on the release that it began from.

    Args:
        fork: a folder, a git repository or a zip or tar archive.
        base: the release that it began from: `ultralytics==8.2.50` or a pin; `auto` to find it.
        cfgs: its model YAMLs to look at; empty for the main one.
        folder: the folder in it with the package, for a fork with several.
        to: another release on which the models are rebuilt, too.
        dest: the folder of a workspace with the models; None to make none.
        areas: what else of the fork gets into the workspace: `loss`, `training` and other areas of its changes.
        verifies: whether all checks of `verify` are run on the models of the workspace.
        name: of the module in your own catalog; None for that of the fork.
        builds: whether models are built and compared; if not, nothing of the fork runs.
        python: the interpreter with upstream's requirements; None to find one.
        watch: called with each step.

    Raises:
        UsageError: nothing of a name is there, or several are.
        ConflictError: your own files are in the way; nothing was changed.
        YolopatchError: the fork cannot be read, no release has any file of it, or the release cannot be had.
    """
    _open()
    request = AdoptRequest(
        fork=os.fspath(fork),
        folder=folder,
        base=base,
        cfgs=tuple(cfgs),
        builds=builds,
        python=python,
        to=to,
        dest=None if dest is None else Path(dest),
        areas=tuple(areas),
        verifies=verifies,
        name=name,
    )
    return adopting.adopt(request, cache_dir(), watch)


@cache
def _open() -> None:
    """Register the user's own modules and pins, as every command does."""
    load_users_catalog()
