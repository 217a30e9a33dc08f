"""`restore`: build the fork that a checkpoint comes from, to the same commit, and load the checkpoint in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.catalog.pins import PINS
from yolopatch.core.checkpoint.allowed import strangers
from yolopatch.core.checkpoint.guess_fork import likely_fork
from yolopatch.core.checkpoint.stamp import Stamped, printable, read_stamped
from yolopatch.errors import ConflictError, YolopatchError
from yolopatch.outside.checkpoint.checkpoint import inspect_checkpoint, load_checkpoint
from yolopatch.outside.files.lock import hold_lock
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.fetch import FROM_PATH
from yolopatch.outside.source.store import Pristine, pristine
from yolopatch.outside.workspace.build import build_workspace
from yolopatch.outside.workspace.commits import Step, head_id
from yolopatch.outside.workspace.user_changes import check_no_user_changes
from yolopatch.outside.workspace.workspace import Workspace, is_occupied, read_workspace
from yolopatch.steps.checkpoint.stamped_fork import check_same, stamped_patchset
from yolopatch.steps.environment.environment import find_environment
from yolopatch.steps.workspace.change import WorkspaceState, lock_path, workspace_path, workspace_state
from yolopatch.steps.workspace.patchset import PatchSet
from yolopatch.wire.checkpoints import Contents, Loaded

_SHOWN = 12


@dataclass(frozen=True)
class RestoreRequest:
    """What to restore.

    Attributes:
        file: the checkpoint.
        dest: the workspace; None for a folder with the pin's name here.
        source: `auto` for the kind that the checkpoint names; `git`, `pypi` or a path.
        load: whether it will be loaded; what that needs is checked before anything is built.
        trust: load it whatever it asks for.
        python: the interpreter to load it with; None for that of `env create`, else the current one.
    """

    file: Path
    dest: Path | None = None
    source: str = "auto"
    load: bool = True
    trust: bool = False
    python: str | None = None


@dataclass(frozen=True)
class Restored:
    """The fork of a checkpoint, rebuilt.

    Attributes:
        file: the checkpoint.
        contents: what it told of itself.
        stamped: what its stamp says.
        state: the workspace.
        python: the interpreter to load it with, None where it is not to be loaded.
    """

    file: Path
    contents: Contents
    stamped: Stamped
    state: WorkspaceState
    python: str | None

    def data(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return {"checkpoint": self.file, **self.state.data(), "stamp": asdict(self.stamped)}


def restore(request: RestoreRequest, cache: Path) -> Restored:
    """Build the workspace that the checkpoint comes from, or find it at its place. Nothing of the file is run.

    Raises:
        YolopatchError: it is no checkpoint, has no stamp, its fork cannot be built here, or it asks for code that no
            such file needs; or there is no such interpreter. Nothing was changed.
        SourceError: no source gave the pin.
        ConflictError: something else is at the place.
    """
    contents = inspect_checkpoint(request.file)
    stamped = _read_stamp(request.file, contents)
    patchset = stamped_patchset(stamped)
    pin = patchset.pin
    place = workspace_path(request.dest, pin)
    python = find_environment(pin, request.python, cache).executable if request.load else None
    with pristine(pin, _source(request, stamped), cache) as found:
        root = snapshot.read_root(found.repository)
        read = snapshot.pristine_reader(found.repository, root.blobs)
        steps = patchset.steps(read, root, found.source)
        check_same(stamped, found.source, root, steps)
        if request.load and not request.trust:
            _check_names(request.file, strangers(pin, contents.asked, _reader(read, steps)))
        with hold_lock(lock_path(place, cache)):
            state = _built(place, found, patchset, steps, head_id(root, steps))
    return Restored(request.file, contents, stamped, state, python)


def load(restored: Restored, python: str) -> Loaded:
    """Load the checkpoint in its fork by upstream's own code, in a child process. This runs what the file asks for.

    Raises:
        YolopatchError: it could not be loaded; the workspace stays.
    """
    pin, workspace = PINS[restored.state.pin], restored.state.workspace
    return load_checkpoint(restored.file, restored.contents.sum, workspace, pin, python)


def _read_stamp(file: Path, contents: Contents) -> Stamped:
    if contents.stamp in (None, {}):
        likely = likely_fork(contents.asked, contents.version)
        details = likely.details if contents.model else ("it holds tensors and no model", *likely.details)
        raise YolopatchError(
            f"{file} has no stamp: what made it is not known exactly", details=details, hint=likely.hint
        )
    return read_stamped(contents.stamp)


def _source(request: RestoreRequest, stamped: Stamped) -> str:
    if request.source != "auto":
        return request.source
    if stamped.source in FROM_PATH:
        raise YolopatchError(
            f"the fork was made from a {stamped.source} of its user's, which no network has",
            hint=f"name a copy of it: --source PATH of the same {stamped.source}",
        )
    return stamped.source


def _reader(read: snapshot.Reader, steps: Sequence[Step]) -> snapshot.Reader:
    """Return what reads the workspace's text of some paths, before there is a workspace."""
    written = {path: text for step in steps for path, text in step.files.items()}
    return lambda paths: {**read(paths), **{path: written[path] for path in paths if path in written}}


def _check_names(file: Path, unknown: Sequence[str]) -> None:
    if unknown:
        more = [f"and {len(unknown) - _SHOWN} more"] if len(unknown) > _SHOWN else []
        raise YolopatchError(
            f"{file} asks for code that no such checkpoint needs; nothing of it was run",
            details=[*(f"asks for: {printable(name)}" for name in unknown[:_SHOWN]), *more],
            hint="--no-load builds its workspace alone; --trust loads it, if you know who made it and why",
        )


def _built(place: Path, found: Pristine, patchset: PatchSet, steps: list[Step], commit: str) -> WorkspaceState:
    if not is_occupied(place):
        build_workspace(place, found.repository, steps)
        return workspace_state(read_workspace(place), patchset, changed=True, notes=found.notes)
    workspace = read_workspace(place)
    _check_is(workspace, commit)
    check_no_user_changes(workspace)
    return workspace_state(workspace, patchset, changed=False, notes=found.notes)


def _check_is(workspace: Workspace, commit: str) -> None:
    if workspace.head.id != commit or workspace.interrupted:
        raise ConflictError(
            f"{workspace.path} is another workspace; nothing was changed",
            details=[f"expected: {commit}", f"found:    {workspace.head.id}"],
            hint="name another folder with --dest",
        )
