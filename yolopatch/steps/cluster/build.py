"""Build on a node what a recipe asks for: the workspace, the data, the files of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FIX_PATCHES
from yolopatch.catalog.environment.trackers import TRACKERS
from yolopatch.catalog.pins import PINS
from yolopatch.errors import YolopatchError
from yolopatch.outside.files.folders import remove_tree
from yolopatch.outside.files.lock import ANOTHER_CACHE, hold_lock
from yolopatch.outside.own.own_catalog import load_own_catalog
from yolopatch.outside.workspace.workspace import Workspace
from yolopatch.steps.cluster.node_folder import NodeFolder
from yolopatch.steps.cluster.pin_content import put_pin
from yolopatch.steps.cluster.plain_files import write_files
from yolopatch.steps.cluster.recipe import Recipe, Shared
from yolopatch.steps.cluster.small_data import place_data
from yolopatch.steps.environment.interpreters import find_interpreter_in
from yolopatch.steps.training.place import RESULTS, Place
from yolopatch.steps.training.tracking import STORE, Tracking
from yolopatch.steps.training.train import Training
from yolopatch.steps.workspace.apply import make_workspace
from yolopatch.steps.workspace.change import read_finished
from yolopatch.wire import shell


def take_catalog(files: Mapping[str, bytes], folder: Path) -> None:
    """Register the pins and modules of the catalog of whoever asks, in place of those of this node's user.

    Raises:
        YolopatchError, OSError: it cannot be written to the folder.
    """
    write_files(folder, files)
    load_own_catalog(folder)


@dataclass(frozen=True)
class Built:
    """What trains a run on this node, and the files that it names."""

    training: Training
    place: Place


def build(recipe: Recipe, shared: Shared, node: NodeFolder, folder: Path, cache: Path, host: str) -> Built:
    """Make everything that a run needs.

    Args:
        recipe, shared: what was sent.
        node: where workspaces are kept.
        folder: an empty folder for the run.
        cache: the cache folder of this node.
        host: its name, for messages.

    Raises:
        YolopatchError: the workspace is another one than the recipe says, or something cannot be made.
    """
    workspace = _workspace(recipe, shared, node, cache, host)
    place = _place(recipe, shared, folder, host)
    script = folder / "train_arm.py"
    script.write_text(recipe.script, encoding="utf-8")
    if recipe.state:
        write_files(folder / RESULTS, recipe.state)
    training = Training(
        workspace=workspace,
        interpreter=find_interpreter_in(workspace, recipe.python, cache),
        script=script,
        words=place.words(workspace.pin.layout.style, recipe.seed),
        folder=folder,
        epochs=recipe.epochs,
        init=place.init,
        paths=place.paths(workspace.path, str(folder / RESULTS)),
        tracking=_tracking(recipe, folder),
        variables=recipe.variables,
    )
    return Built(training, place)


def _tracking(recipe: Recipe, folder: Path) -> Tracking | None:
    """Return how a tracker shows the run: one that keeps runs in files has a store of its own on a node."""
    return Tracking(TRACKERS[recipe.tracked.tracker], recipe.tracked, folder / STORE) if recipe.tracked else None


def _workspace(recipe: Recipe, shared: Shared, node: NodeFolder, cache: Path, host: str) -> Workspace:
    pin, path = PINS[recipe.pin], node.workspace(recipe.commit)
    path.parent.mkdir(parents=True, exist_ok=True)
    with hold_lock(path.with_suffix(".lock"), ANOTHER_CACHE, what=f"the workspace {path}"):
        put_pin(pin, recipe.source, shared.pin, cache)
        fix_patches = [patch for patch in FIX_PATCHES if patch.name in recipe.fix_patches]
        make_workspace(pin.name, recipe.modules, recipe.flavor, path, recipe.source, cache, fix_patches)
        workspace, _ = read_finished(path)
        found = workspace.tip.id
        if found != recipe.commit or workspace.edited:
            remove_tree(path)  # the next run here builds it anew
    if found != recipe.commit:
        raise YolopatchError(
            f"{host} built another workspace from {pin.name} and its modules; nothing was trained",
            details=[f"expected: commit {recipe.commit}", f"found:    commit {found}"],
            hint="if you have edited a module of your own catalog since the workspace was made, "
            "name another folder with --dest",
        )
    if workspace.edited:
        raise YolopatchError(
            f"the workspace on {host} was edited, so it was removed; nothing was trained",
            details=[f"edited: {path / name}" for name in workspace.edited[:4]],
            hint=f"keep your own work elsewhere than in {shell.quote(path.parent)}, and repeat the command",
        )
    return workspace


def _place(recipe: Recipe, shared: Shared, folder: Path, host: str) -> Place:
    name, text = recipe.cfg
    files = {name: text.encode()}
    if recipe.hyperparameters is not None:
        files["hyp.yaml"] = recipe.hyperparameters
    if recipe.init is not None:
        files["init.pt"] = recipe.init
    write_files(folder, files)
    return Place(
        cfg=str(folder / name),
        data=str(place_data(recipe.data, shared.data, folder / "data", host)),
        folder=folder,
        init=folder / "init.pt" if recipe.init is not None else None,
        hyperparameters=folder / "hyp.yaml" if recipe.hyperparameters is not None else None,
    )
