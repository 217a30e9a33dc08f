"""`diff`: the unified diff of a workspace, or of one of its patches, against the pin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.seeds import seed_fixes_of
from yolopatch.catalog.modules import is_own
from yolopatch.core.patch.recover import recover_own_patch
from yolopatch.core.text import sha256
from yolopatch.core.workspace.commit_message import Applied
from yolopatch.errors import UsageError
from yolopatch.outside.git import snapshot
from yolopatch.outside.workspace.module_commits import module_commit, read_versions
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.workspace.change import find_applied, no_compat_error, no_seeds_error
from yolopatch.steps.workspace.patchset import (
    Choice,
    applied_choices,
    compat_text,
    module_patch,
    needs_compat,
    seeds_text,
)


@dataclass(frozen=True)
class Difference:
    """A unified diff against the pin's unchanged content."""

    workspace: Path
    pin: str
    modules: tuple[Choice, ...]
    compat: bool
    seeds: bool
    diff: str


def diff(place: Path, module: str | None, compat: bool = False, seeds: bool = False) -> Difference:
    """Return the diff of the newest commit (with the user's commits), or of one patch alone.

    Args:
        place: the workspace.
        module: the module whose diff is asked for.
        compat: whether that of the compatibility patch is.
        seeds: whether that of the seed patch is.

    Raises:
        UsageError: an unknown name, or more than one of the three.
        NoWorkspaceError: the folder is no workspace.
        YolopatchError: the workspace does not have the module, or the patch.
    """
    asked = [f"--{name}" for name, given in (("module", module), ("compat", compat), ("seeds", seeds)) if given]
    if len(asked) > 1:
        raise UsageError(
            f"{' and '.join(asked)} cannot be used together", hint="give one of them, or none for the whole diff"
        )
    found = read_workspace(place.absolute())
    if compat:
        return Difference(found.path, found.pin.name, (), True, False, _compat_diff(found))
    if seeds:
        return Difference(found.path, found.pin.name, (), False, True, _seeds_diff(found))
    if module is None:
        modules = applied_choices(found.applied)
        whole = _diff(found, found.root.id, "HEAD")
        return Difference(found.path, found.pin.name, modules, found.compat is not None, found.seeds is not None, whole)
    applied = find_applied(found, module)
    choice = Choice(applied.name, applied.flavor)
    return Difference(found.path, found.pin.name, (choice,), False, False, _module_diff(found, applied))


def _diff(found: Workspace, before: str, after: str) -> str:
    # a plumbing command with every option given: the user's diff.* settings must not change the patch
    forms = ("--no-ext-diff", "--no-textconv", "--unified=3", "--src-prefix=a/", "--dst-prefix=b/", "--full-index")
    return found.repository.run("diff-tree", "-p", "-r", "--no-renames", *forms, before, after)


def _module_diff(found: Workspace, applied: Applied) -> str:
    patch = _patch(found, applied)
    if patch is not None and sha256(patch.encode()) == applied.patch_sum:
        return _without_mail(patch)
    # another version of yolopatch made the commit: only the commit has its patch, with other modules' lines as context
    before, commit = module_commit(found, applied)
    return _diff(found, before.id, commit.id)


def _patch(found: Workspace, applied: Applied) -> str | None:
    if is_own(applied.name):
        return recover_own_patch(found.pin, applied, read_versions(found, applied))
    read = snapshot.revision_reader(found.repository, found.root.id)
    return module_patch(found.pin, Choice(applied.name, applied.flavor), read).text


def _compat_diff(found: Workspace) -> str:
    if found.compat is None:
        raise no_compat_error(found.path)
    text = compat_text(found.pin) if needs_compat(found.pin) else ""
    return _commit_diff(found, 0, text, found.compat.patch_sum)


def _seeds_diff(found: Workspace) -> str:
    if found.seeds is None:
        raise no_seeds_error(found.path)
    text = seeds_text(found.pin) if seed_fixes_of(found.pin) else ""
    return _commit_diff(found, int(found.compat is not None), text, found.seeds.patch_sum)


def _commit_diff(found: Workspace, number: int, text: str, patch_sum: str) -> str:
    """Return the diff of one of our commits: of its patch where ours is the same, else of the commit."""
    if sha256(text.encode()) == patch_sum:
        return _without_mail(text)
    before = found.commits[number - 1] if number else found.root
    return _diff(found, before.id, found.commits[number].id)


def _without_mail(patch: str) -> str:
    return patch[patch.index("diff --git ") :]
