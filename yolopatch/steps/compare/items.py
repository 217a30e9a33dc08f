"""The models to compare, each with the workspace that builds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.compare.curves import Curves
from yolopatch.core.compare.rows import Metrics
from yolopatch.core.training.results import RESULTS
from yolopatch.errors import UsageError
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.workspace.workspace import Workspace, read_workspace, workspace_around
from yolopatch.steps.compare.results import read_training
from yolopatch.steps.model.named import Named, find_named
from yolopatch.wire import shell


@dataclass(frozen=True)
class Item:
    """A model to compare.

    Attributes:
        name: what the user calls it, or its file's name.
        workspace: whose code builds it.
        file: its YAML or its checkpoint.
        checkpoint: which of the two.
        scale: the letter at which a YAML is built; "" for one without scales, and for a checkpoint.
        task: of a YAML; "" for a checkpoint, whose content is read where it is built.
        metrics, curves: of the run that was named, else None.
    """

    name: str
    workspace: Workspace
    file: Path
    checkpoint: bool
    scale: str
    task: str
    metrics: Metrics | None = None
    curves: Curves | None = None


def find_items(texts: Sequence[str], place: Path | None, scale: str | None) -> tuple[Item, ...]:
    """Return the models that a user names, each as ITEM or NAME=ITEM.

    Args:
        texts: what was typed.
        place: the workspace for items that lie outside of every workspace, None without one.
        scale: of the YAMLs; None for what each says.

    Raises:
        UsageError: an item does not exist, is of no such kind, or lies in no workspace; or two have one name.
    """
    around = read_workspace(place.absolute()) if place else None
    named = [find_named(text, around.path if around else None) for text in texts]
    _require_names(named)
    return tuple(_item(one, around, scale) for one in named)


def _item(named: Named, around: Workspace | None, scale: str | None) -> Item:
    if not named.is_yaml:
        has_results = named.results is not None and (named.results / RESULTS).is_file()
        found = read_training(named.results) if named.results and has_results else (None, None)
        return Item(named.name, _workspace_of(named, around), named.path, True, "", "", *found)
    file = read_cfg(named.given)
    workspace = _workspace_of(named, around)
    if not file.rows:
        raise UsageError(
            f"{named.given} is not a model YAML: it has no layers", hint="write one with yolopatch render-cfg"
        )
    return Item(named.name, workspace, named.path, False, file.any_scale(scale), file.task)


def _workspace_of(named: Named, around: Workspace | None) -> Workspace:
    # the run's own first: the folder of a grid may lie in another workspace
    own = workspace_around(named.code) if named.code else None
    found = own or workspace_around(named.path.parent) or around
    if found is None:
        raise UsageError(
            f"{named.given} lies in no workspace, so the code that builds its model is not known",
            hint=f"name it: yolopatch compare --workspace WORKSPACE {shell.quote(named.text)}; yolopatch restore "
            "rebuilds that of a checkpoint",
        )
    return found


def _require_names(named: Sequence[Named]) -> None:
    twice = [name for name, count in Counter(one.name for one in named).items() if count > 1]
    if twice:
        same = [one for one in named if one.name == twice[0]]
        raise UsageError(
            f"{len(same)} items have the name {twice[0]}",
            details=[f"found: {one.text}" for one in same],
            hint=f"give each its own: yolopatch compare {shell.join(list(_renamed(same)))}",
        )


def _renamed(named: Sequence[Named]) -> Iterator[str]:
    for number, one in enumerate(named):
        _, sign, rest = one.text.partition("=")
        yield f"{chr(ord('A') + number % 26)}={one.text if not sign or Path(one.text).exists() else rest}"
