"""What a user names to compare: a model YAML, a checkpoint, or the folder of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.compare.rows import Metrics
from yolopatch.core.reproduce.reproduction import WORKSPACE
from yolopatch.core.training.run import RECORD, read_run
from yolopatch.errors import UsageError
from yolopatch.outside.files.model_yaml import read_cfg
from yolopatch.outside.workspace.workspace import Workspace, read_workspace, workspace_around
from yolopatch.steps.compare.results import RESULTS, read_metrics
from yolopatch.wire import shell

_CHECKPOINTS = (".pt", ".pth")
_WEIGHTS = "weights"
_BEST = ("best.pt", "last.pt")


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
        metrics: of the run that was named, else None.
    """

    name: str
    workspace: Workspace
    file: Path
    checkpoint: bool
    scale: str
    task: str
    metrics: Metrics | None


@dataclass(frozen=True)
class _Given:
    """An item as it was typed, and the path in it."""

    text: str
    name: str
    path: Path


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
    found = [_item(_split(text, around), around, scale) for text in texts]
    _require_names(texts, [item.name for item in found])
    return tuple(found)


def _split(text: str, around: Workspace | None) -> _Given:
    """Take NAME=ITEM apart; an existing path may have the sign in it."""
    name, sign, rest = text.partition("=")
    if not sign or Path(text).exists():
        name, rest = "", text
    elif not name.strip():
        raise UsageError(f"{text} has no name in front of the =", hint=f"yolopatch compare NAME{shell.quote(text)}")
    if name and not name.isprintable():
        raise UsageError(f"the name {name!r} cannot be printed", hint="use letters, digits and spaces")
    places = [Path(rest), *([around.path / rest] if around and not Path(rest).is_absolute() else [])]
    path = next((one for one in places if rest and one.exists()), None)
    if path is None:
        raise UsageError(
            f"no model YAML, checkpoint or folder of a run {rest!r}",
            details=[f"looked for: {one.absolute()}" for one in places],
            hint="name a file that exists; render-cfg writes a YAML, a training writes best.pt and its folder",
        )
    return _Given(text, name.strip(), path)


def _item(given: _Given, around: Workspace | None, scale: str | None) -> Item:
    if given.path.is_dir():
        return _run(given, around)
    if given.path.suffix in _CHECKPOINTS:
        return _checkpoint(given, given.path, around)
    file = read_cfg(given.path)
    workspace = _workspace_of(given.path.absolute().parent, given, around)
    if not file.rows:
        raise UsageError(
            f"{given.path} is not a model YAML: it has no layers", hint="write one with yolopatch render-cfg"
        )
    letter = file.any_scale(scale, every="")
    return Item(given.name or given.path.stem, workspace, given.path.absolute(), False, letter, file.task, None)


def _checkpoint(given: _Given, file: Path, around: Workspace | None, metrics: Metrics | None = None) -> Item:
    folder = file.absolute().parent
    in_run = folder.parent.name if folder.name == _WEIGHTS else ""
    name = given.name or (f"{in_run}/{file.stem}" if in_run else file.stem)
    return Item(name, _workspace_of(folder, given, around), file.absolute(), True, "", "", metrics)


def _run(given: _Given, around: Workspace | None) -> Item:
    """Return the model of a run's folder, of upstream or of `reproduce`, with its metrics."""
    folder, own = _results_folder(given.path), around
    reproduced = given.path / RECORD
    if reproduced.is_file() and own is None:
        own = workspace_around(given.path.absolute().parents[1] / WORKSPACE)
    weights = next((file for name in _BEST if (file := folder / _WEIGHTS / name).is_file()), None)
    if weights is None:
        raise UsageError(
            f"{given.path} has no checkpoint",
            details=[f"looked for: {folder / _WEIGHTS / name}" for name in _BEST],
            hint="let the training end its first epoch, or compare the model's YAML",
        )
    path = given.path.absolute()
    named = f"{path.parents[1].name}/{path.name}" if reproduced.is_file() else path.name
    return _checkpoint(_Given(given.text, given.name or named, given.path), weights, own, read_metrics(folder))


def _results_folder(folder: Path) -> Path:
    """Return where upstream wrote the results of a run.

    Raises:
        UsageError: nowhere: the folder is not of a run, or the run has no results yet.
    """
    record = folder / RECORD
    run = read_run(record.read_bytes()) if record.is_file() else None
    found = Path(run.save_dir) if run and run.save_dir else folder
    if not (found / RESULTS).is_file():
        raise UsageError(
            f"{folder} is not the folder of a run",
            details=[f"looked for: {found / RESULTS}"],
            hint=_inside(folder),
        )
    return found


def _inside(folder: Path) -> str:
    """Return the next step for a folder that is no run's: it may hold some."""
    runs = sorted({file.parent for depth in ("*", "*/*", "*/*/*") for file in folder.glob(f"{depth}/{RESULTS}")})
    if runs:
        return f"name a run in it: yolopatch compare {shell.join(list(map(str, runs[:4])))}"
    return "name a model YAML in it, or the folder of a training with its results.csv"


def _workspace_of(folder: Path, given: _Given, around: Workspace | None) -> Workspace:
    found = workspace_around(folder) or around
    if found is None:
        raise UsageError(
            f"{given.path} lies in no workspace, so the code that builds its model is not known",
            hint=f"name it: yolopatch compare --workspace WORKSPACE {shell.quote(given.text)}; yolopatch restore "
            "rebuilds that of a checkpoint",
        )
    return found


def _require_names(texts: Sequence[str], names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        same = [text for text, name in zip(texts, names) if name == twice[0]]
        raise UsageError(
            f"{len(same)} items have the name {twice[0]}",
            details=[f"found: {text}" for text in same],
            hint=f"give each its own: yolopatch compare {shell.join(list(_renamed(same)))}",
        )


def _renamed(texts: Sequence[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        _, sign, rest = text.partition("=")
        yield f"{chr(ord('A') + number % 26)}={text if not sign or Path(text).exists() else rest}"
