"""What a figure is made of: a model YAML, a checkpoint or a run's folder, and the workspace that builds it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.errors import UsageError
from yolopatch.outside.workspace.checkout import Checkout, read_checkout
from yolopatch.outside.workspace.workspace import NoWorkspaceError

_YAML = (".yaml", ".yml")
_CHECKPOINTS = ("best.pt", "last.pt")  # of a run, the one to prefer first


@dataclass(frozen=True)
class Item:
    """A model that the user names.

    Attributes:
        name: its label: as the user gave it, else the file's name.
        path: the YAML or the checkpoint.
        checkout: the upstream that builds it.
    """

    name: str
    path: Path
    checkout: Checkout

    @property
    def is_yaml(self) -> bool:
        """Whether it is a model YAML, else a checkpoint."""
        return self.path.suffix.lower() in _YAML


def find_item(named: str, workspace: Path | None) -> Item:
    """Return what the user names as `ITEM` or `NAME=ITEM`, looked for in the current folder, then in the workspace.

    Args:
        named: a model YAML, a checkpoint, or a run's folder, of which the best checkpoint is taken.
        workspace: the folder of the upstream that builds it; None for the one around the file, else around the
            current folder.

    Raises:
        UsageError: there is no such file, or it is neither.
        NoWorkspaceError: no upstream was found.
    """
    label, _, rest = named.rpartition("=")
    if Path(named).exists():
        label, rest = "", named
    given = Path(rest)
    path = _in_run(_existing(given, workspace))
    if path.suffix.lower() not in (*_YAML, ".pt"):
        raise UsageError(
            f"{path} is neither a model YAML nor a checkpoint",
            details=["expected: a .yaml or .pt file, or the folder of a run"],
            hint="name a model YAML of a workspace, best.pt, or the folder of a run",
        )
    return Item(label or path.name, path, _checkout(path, workspace))


def _existing(given: Path, workspace: Path | None) -> Path:
    places = [given] if workspace is None or given.is_absolute() else [given, workspace / given]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise UsageError(
            f"{given} does not exist",
            details=[f"looked for: {place.absolute()}" for place in places],
            hint="name a model YAML, which yolopatch render-cfg writes, a checkpoint, or the folder of a run",
        )
    return found


def _in_run(path: Path) -> Path:
    """Return the checkpoint of a run's folder; another path is returned as it is."""
    if not path.is_dir():
        return path
    places = [folder / name for folder in (path / "weights", path) for name in _CHECKPOINTS]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise UsageError(
            f"the folder {path} has no checkpoint",
            details=[f"expected: {places[0]}, as a training leaves it"],
            hint="name the folder of a run that has saved a checkpoint, or a file",
        )
    return found


def _checkout(path: Path, workspace: Path | None) -> Checkout:
    if workspace is not None:
        return read_checkout(workspace.absolute())
    here = Path.cwd()
    for folder in dict.fromkeys((*path.absolute().parents, here, *here.parents)):
        if (folder / ".git").exists():
            try:
                return read_checkout(folder)
            except NoWorkspaceError:
                continue
    raise NoWorkspaceError(
        f"no workspace was found that builds {path}",
        details=[f"looked in the folders above {path.absolute()}, and above {here}"],
        hint="add --workspace DIR; yolopatch restore rebuilds the workspace of a checkpoint",
    )
