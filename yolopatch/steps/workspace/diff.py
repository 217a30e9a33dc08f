"""`diff`: the unified diff of a workspace, or of one of its patches, against the pin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.environment.fix_patches import FixPatch, options_of
from yolopatch.catalog.modules import is_own
from yolopatch.core.patch.recover import recover_own_patch
from yolopatch.core.text import sha256
from yolopatch.core.workspace.commit_message import Applied
from yolopatch.errors import UsageError
from yolopatch.outside.git import snapshot
from yolopatch.outside.workspace.module_commits import module_commit, read_versions
from yolopatch.outside.workspace.workspace import Workspace, read_workspace
from yolopatch.steps.workspace.change import find_applied, without_fix_patch
from yolopatch.steps.workspace.choices import Choice, applied_choices
from yolopatch.steps.workspace.fix_flags import with_flags
from yolopatch.steps.workspace.patchset import fix_text, module_patch


@dataclass(frozen=True)
class Difference:
    """A unified diff against the pin's unchanged content."""

    workspace: Path
    pin: str
    modules: tuple[Choice, ...]
    fix_patches: tuple[FixPatch, ...]
    diff: str

    def data(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return with_flags(self)


def diff(place: Path, module: str | None, fix_patches: Sequence[FixPatch] = ()) -> Difference:
    """Return the diff of the newest commit (with the user's commits), or of one patch alone.

    Args:
        place: the workspace.
        module: the module whose diff is asked for.
        fix_patches: the fix patch whose diff is, or none.

    Raises:
        UsageError: an unknown name, or more than one patch.
        NoWorkspaceError: the folder is no workspace.
        YolopatchError: the workspace does not have the module, or the patch.
    """
    asked = ["--module"] * bool(module) + options_of(fix_patches)
    if len(asked) > 1:
        raise UsageError(
            f"{' and '.join(asked)} cannot be used together", hint="give one of them, or none for the whole diff"
        )
    found = read_workspace(place.absolute())
    if fix_patches:
        return Difference(found.path, found.pin.name, (), (fix_patches[0],), _fix_diff(found, fix_patches[0]))
    if module is None:
        modules = applied_choices(found.applied)
        whole = _diff(found, found.root.id, "HEAD")
        return Difference(found.path, found.pin.name, modules, tuple(found.fix_patches), whole)
    applied = find_applied(found, module)
    choice = Choice(applied.name, applied.flavor)
    return Difference(found.path, found.pin.name, (choice,), (), _module_diff(found, applied))


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


def _fix_diff(found: Workspace, patch: FixPatch) -> str:
    """Return the diff of a fix patch: of its text where ours is the same, else of its commit."""
    if patch not in found.fix_patches:
        raise without_fix_patch(found.path, patch)
    text = fix_text(found.pin, patch) if patch.fixes_of(found.pin) else ""
    if sha256(text.encode()) == found.fix_patches[patch].patch_sum:
        return _without_mail(text)
    number = list(found.fix_patches).index(patch)
    before = found.commits[number - 1] if number else found.root
    return _diff(found, before.id, found.commits[number].id)


def _without_mail(patch: str) -> str:
    return patch[patch.index("diff --git ") :]
