"""`diff`: the unified diff of a workspace, or of one of its modules, against the pin."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.modules import find_module
from yolopatch.core.message import Applied, read_applied
from yolopatch.errors import YolopatchError
from yolopatch.outside.workspace import Workspace, read_workspace
from yolopatch.steps.patchset import Choice, load_patchset, patch_text


@dataclass(frozen=True)
class Difference:
    """A unified diff against the pin's unchanged content."""

    workspace: Path
    pin: str
    modules: tuple[Choice, ...]
    diff: str


def diff(place: Path, module: str | None) -> Difference:
    """Return the diff of the last commit (the user's own commits included), or of one module alone.

    Raises:
        UsageError: an unknown name.
        ConflictError: the folder is no workspace.
        YolopatchError: the workspace does not have the module.
    """
    found = read_workspace(place.absolute())
    if module is None:
        modules = tuple(Choice(a.name, a.flavor) for a in found.applied)
        return Difference(found.path, found.pin.name, modules, _diff(found, found.root.id, "HEAD"))
    applied = _find(found, find_module(module).name)
    choice = Choice(applied.name, applied.flavor)
    return Difference(found.path, found.pin.name, (choice,), _module_diff(found, applied))


def _diff(found: Workspace, before: str, after: str) -> str:
    # plumbing, and every choice named: the user's diff.* settings must not change what others can apply
    forms = ("--no-ext-diff", "--no-textconv", "--unified=3", "--src-prefix=a/", "--dst-prefix=b/", "--full-index")
    return found.repository.run("diff-tree", "-p", "-r", "--no-renames", *forms, before, after)


def _find(found: Workspace, name: str) -> Applied:
    for applied in found.applied:
        if applied.name == name:
            return applied
    have = ", ".join(applied.name for applied in found.applied)
    raise YolopatchError(
        f"{found.path} does not have {name}",
        details=[f"it has: {have or 'no module'}"],
        hint=f"yolopatch status {shlex.quote(str(found.path))}",
    )


def _module_diff(found: Workspace, applied: Applied) -> str:
    choice = Choice(applied.name, applied.flavor)
    (packaged,) = load_patchset(found.pin, [choice]).applied
    if packaged.patch_sum == applied.patch_sum:
        text = patch_text(found.pin, choice)
        return text[text.index("diff --git ") :]
    # Made by another version of yolopatch: its patch is only in the commit, beside its neighbours' lines.
    commit = next(c.id for c in found.commits if applied == read_applied(c.message))
    return _diff(found, f"{commit}^", commit)
