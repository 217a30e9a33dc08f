"""`restore`: rebuild the workspace that a checkpoint comes from, with the same commit id, and load the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.modules import is_own
from yolopatch.catalog.pins import PINS, Pin
from yolopatch.core.checkpoint.allowed import unknown_names, unknown_uses
from yolopatch.core.checkpoint.guess_fork import guess_fork, guessed_pin
from yolopatch.core.checkpoint.stamp import Stamped, printable, read_stamped
from yolopatch.core.checkpoint.strange import SCRIPT_HINT, listed, of_script
from yolopatch.errors import ConflictError, YolopatchError
from yolopatch.outside.checkpoint.checkpoint import inspect_checkpoint, load_checkpoint
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.fetch import FROM_PATH
from yolopatch.outside.source.store import Pristine, cached, pristine
from yolopatch.outside.workspace.build import build_workspace
from yolopatch.outside.workspace.commits import Step, head_id
from yolopatch.outside.workspace.journal import read_journal
from yolopatch.outside.workspace.lock import hold_workspace
from yolopatch.outside.workspace.user_changes import check_no_user_changes
from yolopatch.outside.workspace.workspace import (
    Workspace,
    as_destination,
    find_workspace,
    read_workspace,
)
from yolopatch.steps.checkpoint.stamped_fork import check_same, stamped_patchset, stamped_pin
from yolopatch.steps.environment.interpreters import find_interpreter
from yolopatch.steps.workspace.change import open_workspace
from yolopatch.steps.workspace.held import held_patch
from yolopatch.steps.workspace.patchset import ModulePatch, PatchSet
from yolopatch.steps.workspace.state import WorkspaceState, workspace_path, workspace_state
from yolopatch.wire import shell
from yolopatch.wire.checkpoints import Contents, Loaded

_SHOWN = 12


@dataclass(frozen=True)
class RestoreRequest:
    """The options of `restore`.

    Attributes:
        file: the checkpoint.
        dest: the workspace; None for a folder with the pin's name in the current folder.
        source: `auto` for the kind that the checkpoint names; `git`, `pypi` or a path.
        load: whether to load the checkpoint; what this needs is checked before the workspace is built.
        trust: load the checkpoint even if it imports unknown code, or its model's YAML has code.
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
    """The workspace of a checkpoint, rebuilt.

    Attributes:
        file: the checkpoint.
        contents: what the file says, read without running it.
        stamped: what its stamp says.
        state: the workspace.
        python: the interpreter to load it with, None if it is not to be loaded.
        trust: whether to load it even if its model's YAML has code.
    """

    file: Path
    contents: Contents
    stamped: Stamped
    state: WorkspaceState
    python: str | None
    trust: bool

    def data(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return {"checkpoint": self.file, **self.state.data(), "stamp": asdict(self.stamped)}


def restore(request: RestoreRequest, cache: Path) -> Restored:
    """Build the workspace that the checkpoint comes from, or check the one at `dest`. No code of the file is run.

    Raises:
        YolopatchError: the file is no checkpoint or has no stamp, its workspace cannot be built exactly, or it imports
            code that such a checkpoint does not need; or the interpreter does not exist. Nothing was changed.
        SourceError: no source has the pin's content.
        ConflictError: `dest` is another workspace, or has other content.
    """
    contents = inspect_checkpoint(request.file)
    stamped = _read_stamp(request.file, contents, cache)
    if contents.packed and request.load:
        raise _packed(request, stamped)
    pin = stamped_pin(stamped)
    place = workspace_path(request.dest, pin)
    patchset = stamped_patchset(stamped, pin, _held_patches(stamped, (place, *request.file.absolute().parents)))
    python = _find_python(request, pin, stamped, cache) if request.load else None
    with pristine(pin, _source(request, stamped), cache) as found:
        read = snapshot.pristine_reader(found.repository, found.blobs)
        steps = patchset.steps(read, found.root, found.source)
        check_same(stamped, found.source, found.root, steps)
        if request.load:
            _check_scripts(request.file, contents.asked)
        if request.load and not request.trust:
            _check_names(request.file, unknown_names(pin, contents.asked, _reader(read, steps)))
            _check_uses(request.file, unknown_uses(contents.uses))
        if request.load and not contents.model:
            raise _without_model(request.file, contents)
        state = _build_or_check(place, found, patchset, steps, head_id(found.root, steps))
    return Restored(request.file, contents, stamped, state, python, request.trust)


def load(restored: Restored, python: str) -> Loaded:
    """Load the checkpoint in its workspace by upstream's own code, in a child process. This runs code of the file.

    Raises:
        YolopatchError: the checkpoint could not be loaded; the workspace stays.
    """
    pin, workspace = PINS[restored.state.pin], restored.state.workspace
    return load_checkpoint(restored.file, restored.contents.sum, workspace, pin, python, trust=restored.trust)


def _read_stamp(file: Path, contents: Contents, cache: Path) -> Stamped:
    if contents.stamp not in (None, {}):
        return read_stamped(contents.stamp)
    if contents.packed:
        raise YolopatchError(
            f"{file} was written by `yolopatch pack` from a checkpoint without a stamp, so its workspace is not known",
            details=["expected: the workspace in which it was packed, or one with DSConv (paper) of the same pin"],
            hint=f"make a checkpoint of it there: {_unpack_command(Path('WORKSPACE'), file)}",
        )
    pin = guessed_pin(contents.asked, contents.version)
    known = cached(pin, cache) if pin else None
    read = snapshot.pristine_reader(known.repository, known.blobs) if known else None
    guess = guess_fork(contents.asked, contents.version, read)
    details = guess.details if contents.model else (_no_model(contents), *guess.details)
    raise YolopatchError(
        f"{file} has no stamp, so its workspace is not known exactly", details=details, hint=guess.hint
    )


def _packed(request: RestoreRequest, stamped: Stamped) -> YolopatchError:
    dest = request.dest or Path(stamped.pin)
    build = shell.join(["yolopatch", "restore", str(request.file), "--no-load", "--dest", str(dest)])
    return YolopatchError(
        f"{request.file} is a packed file of `yolopatch pack`, which upstream cannot load; nothing was changed",
        details=[f"it comes from a checkpoint of {stamped.pin} with {', '.join(m.name for m in stamped.modules)}"],
        hint=f"build the workspace and unpack it there: {shell.in_turn(build, _unpack_command(dest, request.file))}",
    )


def _unpack_command(workspace: Path, file: Path) -> str:
    return shell.join(["yolopatch", "unpack", str(workspace), "--weights", str(file), "--out", "restored.pt"])


def _without_model(file: Path, contents: Contents) -> YolopatchError:
    return YolopatchError(
        f"{file} has a stamp, but no model that could be loaded; nothing was changed",
        details=[_no_model(contents)],
        hint="build only the workspace with --no-load, or name best.pt or last.pt of the training",
    )


def _no_model(contents: Contents) -> str:
    keys = ", ".join(map(printable, contents.keys)) or "none"
    return f"it holds tensors but no model; its entries: {keys}"


def _find_python(request: RestoreRequest, pin: Pin, stamped: Stamped, cache: Path) -> str:
    return find_interpreter(pin, request.python, cache, compat=COMPAT in stamped.fix_patches).executable


def _held_patches(stamped: Stamped, places: Sequence[Path]) -> dict[str, ModulePatch]:
    """Return the patches of the user's own modules that the stamp names, from the workspaces at these places."""
    sums = {module.name: module.patch for module in stamped.modules if is_own(module.name)}
    found: dict[str, ModulePatch] = {}
    for place in places if sums else ():
        workspace = find_workspace(place)
        if workspace and workspace.pin.name == stamped.pin:
            same = [applied for applied in workspace.applied if sums.get(applied.name) == applied.patch_sum]
            found = {applied.name: held_patch(workspace, applied) for applied in same} | found
    return found


def _source(request: RestoreRequest, stamped: Stamped) -> str:
    if request.source != "auto":
        return request.source
    if stamped.source in FROM_PATH:
        raise YolopatchError(
            f"the workspace was made from a local {stamped.source}, which cannot be downloaded",
            hint=f"give the path of a copy of the same {stamped.source}: --source PATH",
        )
    return stamped.source


def _reader(read: snapshot.Reader, steps: Sequence[Step]) -> snapshot.Reader:
    """Return a reader of the workspace's text, for the time before the workspace is built."""
    written = {path: text for step in steps for path, text in step.files.items()}
    return lambda paths: {**read(paths), **{path: written[path] for path in paths if path in written}}


def _check_names(file: Path, unknown: Sequence[str]) -> None:
    if unknown:
        raise _untrusted(f"{file} imports code that a checkpoint of this workspace does not need", "imports", unknown)


def _check_scripts(file: Path, asked: Sequence[str]) -> None:
    """Refuse classes of the script that trained, which no other process has, whether it is trusted or not."""
    names = of_script(asked)
    if not names:
        return
    classes = listed([name.partition(".")[2] for name in names])
    raise YolopatchError(
        f"{file} cannot be loaded here, nor with --trust: the training script itself defines {classes}, and a "
        "checkpoint holds the names of classes, not their code; no code of it was run",
        details=[f"names: {printable(name)}" for name in names[:_SHOWN]],
        hint=f"{SCRIPT_HINT} To build only the workspace: --no-load",
    )


def _check_uses(file: Path, unknown: Sequence[str]) -> None:
    if unknown:
        raise _untrusted(f"{file} does more than a checkpoint needs with the classes that it names", "asks to", unknown)


def _untrusted(what: str, how: str, found: Sequence[str]) -> YolopatchError:
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return YolopatchError(
        f"{what}; no code of it was run",
        details=[*(f"{how}: {printable(one)}" for one in found[:_SHOWN]), *more],
        hint="build only the workspace with --no-load; load the file with --trust, if you trust its author",
    )


def _build_or_check(place: Path, found: Pristine, patchset: PatchSet, steps: list[Step], commit: str) -> WorkspaceState:
    built = build_workspace(place, found, steps)
    if built is None:
        return _check(place, found, patchset, commit)
    return replace(workspace_state(built.workspace, patchset, changed=True, notes=found.notes), created=True)


@as_destination()
def _check(place: Path, found: Pristine, patchset: PatchSet, commit: str) -> WorkspaceState:
    with hold_workspace(place):
        workspace = read_workspace(place)
        finished: tuple[str, ...] = ()
        if workspace.interrupted and _leads_to(workspace, commit):
            workspace, finished = open_workspace(place)
        _require_commit(workspace, commit)
        check_no_user_changes(workspace)
        return workspace_state(workspace, patchset, changed=bool(finished), notes=(*finished, *found.notes))


def _leads_to(workspace: Workspace, commit: str) -> bool:
    journal = read_journal(workspace.path)
    return journal is not None and journal.new == commit


def _require_commit(workspace: Workspace, commit: str) -> None:
    if workspace.head.id != commit or workspace.interrupted:
        raise ConflictError(
            f"{workspace.path} is another workspace; nothing was changed",
            details=[f"expected: {commit}", f"found:    {workspace.head.id}"],
            hint="name another folder with --dest",
        )
