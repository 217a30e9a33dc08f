"""What a user names as ITEM or NAME=ITEM: a model YAML, a checkpoint, or the folder of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.core.reproduce.reproduction import WORKSPACE
from yolopatch.core.training.results import RESULTS, WEIGHTS
from yolopatch.core.training.run import RECORD, read_run
from yolopatch.errors import UsageError
from yolopatch.outside.ablate.grid_folder import workspace_of_run
from yolopatch.wire import shell

_YAMLS = (".yaml", ".yml")
_CHECKPOINTS = (".pt", ".pth")
_OF_RUN = ("best.pt", "last.pt")  # the one to prefer first
_SHOWN = 4  # of the runs in a folder


@dataclass(frozen=True)
class Named:
    """A model that a user names.

    Attributes:
        text: what was typed.
        given: the path in it, which exists.
        name: what the user calls it; else its file's name without the suffix, and of a run the folder's, too.
        path: the YAML or the checkpoint, absolute.
        results: where upstream wrote the results of the run that was named; None for a file.
        code: the workspace that trained the run in whose folder it lies, of `reproduce` or of a grid; None where there
            is no such run, or the workspace is gone.
    """

    text: str
    given: Path
    name: str
    path: Path
    results: Path | None = None
    code: Path | None = None

    @property
    def is_yaml(self) -> bool:
        """Whether it is a model YAML, else a checkpoint."""
        return self.path.suffix.lower() in _YAMLS


def find_named(text: str, place: Path | None) -> Named:
    """Return the model that a user names.

    Args:
        text: ITEM or NAME=ITEM; an existing path may have the sign in it.
        place: where it is looked for after the current folder: the workspace that the user names, None without one.

    Raises:
        UsageError: the item does not exist, or is of no such kind.
    """
    name, given = _split(text)
    found = _existing(given, place)
    if found.is_dir():
        return _run(text, name, found)
    if found.suffix.lower() not in (*_YAMLS, *_CHECKPOINTS):
        raise UsageError(
            f"{found} is neither a model YAML nor a checkpoint",
            details=["expected: a .yaml or .pt file, or the folder of a run"],
            hint="name a model YAML of a workspace, best.pt, or the folder of a run",
        )
    return Named(text, found, name or name_of(found), found.absolute(), code=_code_of(found.absolute()))


def name_of(file: Path) -> str:
    """Return the name of a file that got none: of a checkpoint in a run's folder with the run's, as `train/best`."""
    folder = file.absolute().parent
    return f"{folder.parent.name}/{file.stem}" if folder.name == WEIGHTS and folder.parent.name else file.stem


def _split(text: str) -> tuple[str, str]:
    name, sign, rest = text.partition("=")
    if not sign or Path(text).exists():
        return "", text
    if not name.strip():
        raise UsageError(f"{text} has no name in front of the =", hint=f"e.g. {shell.quote(f'A{text}')}")
    if not name.isprintable():
        raise UsageError(f"the name {name!r} cannot be printed", hint="use letters, digits and spaces")
    return name.strip(), rest


def _existing(given: str, place: Path | None) -> Path:
    places = [Path(given), *([place / given] if place and not Path(given).is_absolute() else [])]
    found = next((one for one in places if given and one.exists()), None)
    if found is None:
        raise UsageError(
            f"no model YAML, checkpoint or folder of a run: {given or 'the empty path'} does not exist",
            details=list(dict.fromkeys(f"looked for: {one.absolute()}" for one in places)),
            hint="name a file that exists; render-cfg writes a YAML, a training writes best.pt and its folder",
        )
    return found


def _run(text: str, name: str, folder: Path) -> Named:
    """Return the model of a run's folder, upstream's or with our record; its best checkpoint before its last."""
    path, record = folder.absolute(), folder / RECORD
    if not record.is_file():
        return Named(text, folder, name or path.name, _weights_in(folder, path), path, _code_of(path))
    run, post = read_run(record.read_bytes(), path), path.parent.parent
    results = Path(run.save_dir) if run and run.save_dir else path
    weights = _weights_in(folder, results)
    return Named(text, folder, name or f"{post.name}/{path.name}", weights, results, _code_of(path))


def _code_of(path: Path) -> Path | None:
    """Return the workspace that trained the run in whose folder a path lies; None where there is none."""
    folder = next((one for one in (path, *path.parents) if (one / RECORD).is_file()), None)
    run = read_run((folder / RECORD).read_bytes(), folder) if folder else None
    if folder is None or run is None:
        return None
    code = workspace_of_run(folder, run) or folder.parent.parent / WORKSPACE
    return code if code.is_dir() else None


def _weights_in(folder: Path, results: Path) -> Path:
    places = [place / name for place in (results / WEIGHTS, results) for name in _OF_RUN]
    found = next((place for place in places if place.is_file()), None)
    if found is not None:
        return found
    if (results / RESULTS).is_file():
        raise UsageError(
            f"{folder} has no checkpoint",
            details=[f"looked for: {place}" for place in places[:2]],
            hint="let the training end its first epoch, or name the model's YAML",
        )
    raise UsageError(
        f"{folder} is not the folder of a run",
        details=[f"it has no checkpoint; looked for: {places[0]}"],
        hint=_inside(folder),
    )


def _inside(folder: Path) -> str:
    """Return the next step for a folder that is no run's: it may hold some."""
    runs = sorted({file.parent for depth in ("*", "*/*", "*/*/*") for file in folder.glob(f"{depth}/{RESULTS}")})
    if runs:
        return f"name a run in it: {shell.join(list(map(str, runs[:_SHOWN])))}"
    return "name a model YAML in it, or the folder of a training that has saved a checkpoint"
