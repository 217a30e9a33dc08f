"""What the git history of a checkout says about its files, and where the files differ: for the check `provenance`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from yolopatch.catalog.environment.fix_patches import COMPAT
from yolopatch.catalog.modules import MODULES
from yolopatch.core.workspace.manifest import check_content
from yolopatch.errors import SourceError, YolopatchError
from yolopatch.outside.git import snapshot
from yolopatch.outside.source.manifests import read_manifest
from yolopatch.outside.workspace.checkout import Checkout
from yolopatch.outside.workspace.commits import written_blobs
from yolopatch.outside.workspace.workspace import Commit, Workspace
from yolopatch.steps.workspace.choices import applied_choices
from yolopatch.steps.workspace.held import read_held
from yolopatch.steps.workspace.patchset import PatchSet, load_patchset
from yolopatch.wire.verification import History


def read_history(checkout: Checkout) -> History:
    """Compute from the commits' trailers what the checkout must hold, and compare it with what it holds."""
    workspace = checkout.workspace
    if workspace is None:
        return History(False, checkout.commit, checkout.blobs, release=checkout.release)
    root = snapshot.read_root(workspace.repository, workspace.root.id)
    in_pin = _differs_from_pin(workspace, root.blobs)
    in_patches, note = _differs_from_patches(workspace, root)
    return History(
        ours=True,
        commit=checkout.commit,
        blobs=checkout.blobs,
        tree_differs=(*in_pin, *in_patches),
        own_commits=tuple(f"{commit.id[:12]} {commit.subject}" for commit in workspace.own_commits),
        note=note,
        as_made=_changed_since(checkout, workspace),
    )


def _changed_since(checkout: Checkout, workspace: Workspace) -> Mapping[str, str]:
    """Return the text that yolopatch's last commit has of each Python file that was changed after it."""
    if not (workspace.own_commits or workspace.edited):
        return {}
    made = snapshot.tree_blobs(workspace.repository, workspace.head.id)
    changed = {*snapshot.changed_paths(made, checkout.blobs), *workspace.edited}
    return snapshot.pristine_reader(workspace.repository, made)(sorted(one for one in changed if one.endswith(".py")))


def _differs_from_pin(workspace: Workspace, root: Mapping[str, str]) -> tuple[str, ...]:
    try:
        # its warnings do not count: the sources of a pin differ in such files, and `apply` accepts them
        check_content(workspace.pin, read_manifest(workspace.pin), root, f"the commit {workspace.root.id[:12]}")
    except SourceError as error:
        return (error.what, *error.details)
    return ()


def _differs_from_patches(workspace: Workspace, root: snapshot.Root) -> tuple[tuple[str, ...], str]:
    """Return where yolopatch's commits differ from the pin and its patches; or else why this cannot be computed."""
    choices = applied_choices(workspace.applied)
    try:
        read = snapshot.pristine_reader(workspace.repository, root.blobs)
        # what this catalog does not have is proven by the sum in its commit
        held = read_held(workspace, {choice.name for choice in choices} - MODULES.keys())
        patchset = load_patchset(
            workspace.pin,
            choices,
            workspace.fix_patches,
            read,
            held.patches,
        )
    except YolopatchError as error:
        return (), f"the commits cannot be computed here: {error.what}"
    other = _made_with_other_patches(workspace, patchset)
    if other:
        return (), other
    try:
        steps = _as_made(workspace, patchset).steps(read, root, workspace.source)
    except YolopatchError as error:
        return (error.what, *error.details), ""
    modules = ", ".join(applied.name for applied in workspace.applied) or "no module"
    differs = _differs(workspace, workspace.head, {**root.blobs, **written_blobs(steps)}, modules)
    if COMPAT in workspace.fix_patches:
        # `verify` runs the base model from this commit, so it is compared, too
        fixed = {**root.blobs, **written_blobs(steps[:1])}
        differs = (*_differs(workspace, workspace.commits[0], fixed, COMPAT.what), *differs)
    return differs, ""


def _differs(workspace: Workspace, commit: Commit, expected: Mapping[str, str], what: str) -> tuple[str, ...]:
    found = snapshot.tree_blobs(workspace.repository, commit.id)
    paths = sorted(path for path in {*expected, *found} if expected.get(path) != found.get(path))
    return tuple(
        f"the commit {commit.id[:12]} is not {workspace.pin.name} with {what}: {path} differs" for path in paths
    )


def _as_made(workspace: Workspace, patchset: PatchSet) -> PatchSet:
    """Return the same patches with the trailers of the workspace, which another version of yolopatch may have made."""
    patches = patchset.patches if workspace.stamp else patchset.patches[: -1 if patchset.stamp else None]
    return replace(
        patchset,
        fix_patches=workspace.fix_patches,
        applied=workspace.applied,
        stamp=workspace.stamp,
        patches=patches,
    )


def _made_with_other_patches(workspace: Workspace, patchset: PatchSet) -> str:
    sums = {applied.name: applied.patch_sum for applied in patchset.applied}
    others = {a.name: a.version for a in workspace.applied if sums[a.name] != a.patch_sum}
    for patch, committed in workspace.fix_patches.items():
        if committed.patch_sum != patchset.fix_patches[patch].patch_sum:
            others[patch.what] = committed.version
    if workspace.stamp and patchset.stamp and workspace.stamp.patch_sum != patchset.stamp.patch_sum:
        others["the stamp"] = workspace.stamp.version
    if not others:
        return ""
    versions = ", ".join(sorted({version or "an unknown version" for version in others.values()}))
    return (
        f"yolopatch {versions} made it with other patches ({', '.join(others)}): "
        "what its commits must hold cannot be computed here"
    )
