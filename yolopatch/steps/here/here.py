"""`yolopatch` alone: where the user is, and the next sensible command. Nothing is written, fetched or imported."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from yolopatch.outside.workspace.verdict import LastVerdict, read_verdict
from yolopatch.outside.workspace.workspace import BRANCH, Workspace, find_workspace, workspace_around
from yolopatch.steps.here.folder import DATA, WORKSPACE, Found, look_around, of_kind
from yolopatch.steps.here.last_run import LastRun, find_last_run
from yolopatch.steps.here.next_step import Next, next_inside, next_outside
from yolopatch.steps.workspace.choices import Choice, applied_choices


@dataclass(frozen=True)
class WorkspaceHere:
    """The workspace around the current folder, or the only one in it.

    Attributes:
        path: its folder.
        commit: the id of the checked-out commit.
        clean: whether it is as yolopatch made it: no edits, no commits of the user's, nothing unfinished.
    """

    path: Path
    pin: str
    modules: tuple[Choice, ...]
    commit: str
    clean: bool


@dataclass(frozen=True)
class Here:
    """Where the user is.

    Attributes:
        folder: the current folder.
        workspace: the workspace there, None without one.
        verified: what its last `verify` found, None without one.
        run: its last training, None without one.
        found: what else lies in the folder.
        next: the next sensible command.
    """

    folder: Path
    workspace: WorkspaceHere | None
    verified: LastVerdict | None
    run: LastRun | None
    found: tuple[Found, ...]
    next: Next

    @property
    def is_current(self) -> bool:
        """Whether the last verdict is about what is checked out now."""
        return bool(self.verified and self.workspace and self.verified.commit == self.workspace.commit)

    def data(self) -> dict[str, object]:
        """Return what `--json` prints."""
        run = self.run and {
            "folder": self.run.folder,
            "epochs": self.run.epochs,
            "mAP50": self.run.mAP50,
            "mAP50-95": self.run.mAP50_95,
        }
        verified = self.verified and {**asdict(self.verified), "current": self.is_current}
        return {**asdict(self), "verified": verified, "run": run}


def look_here(folder: Path) -> Here:
    """Return where the user is.

    Args:
        folder: the current folder, as a whole path.
    """
    workspace = workspace_around(folder)
    found = look_around(folder) if workspace is None or workspace.path != folder else ()
    workspace = workspace or _only_workspace(folder, found)
    if workspace is None:
        return Here(folder, None, None, None, found, next_outside(found))
    inside = look_around(workspace.path)
    verdict, run = read_verdict(workspace.path), find_last_run(workspace.path)
    name = _typed(workspace.path, folder)
    around = look_around(workspace.path.parent) if folder != workspace.path.parent else found
    data = [workspace.path.parent / one.path for one in of_kind(around, DATA)]
    return Here(
        folder=folder,
        workspace=WorkspaceHere(
            path=workspace.path,
            pin=workspace.pin.name,
            modules=applied_choices(workspace.applied),
            commit=workspace.tip.id,
            clean=_is_clean(workspace),
        ),
        verified=verdict,
        run=run,
        found=tuple(one for one in found if one.kind != WORKSPACE),
        next=next_inside(workspace, name, inside, data, verdict, run),
    )


def _only_workspace(folder: Path, found: tuple[Found, ...]) -> Workspace | None:
    names = [one.path for one in of_kind(found, WORKSPACE)]
    return find_workspace(folder / names[0]) if len(names) == 1 else None


def _typed(path: Path, folder: Path) -> str:
    """Return a workspace's folder as it is typed from the current folder."""
    if path == folder:
        return "."
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _is_clean(workspace: Workspace) -> bool:
    untouched = not (workspace.edited or workspace.own_commits or workspace.operation or workspace.interrupted)
    return untouched and workspace.branch == BRANCH
