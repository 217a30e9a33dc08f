"""Rebuild the workspace that a stamp names with the patches of this yolopatch, and report differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from yolopatch import __version__
from yolopatch.catalog.environment.fix_patches import flags, options_of
from yolopatch.catalog.module import ASSIGNER_FLAVOR, FLAVORS
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.names import nearest
from yolopatch.catalog.pins import PINS, Pin, port_command
from yolopatch.core.checkpoint.fork_differences import other_commits, other_patches, user_changes
from yolopatch.core.checkpoint.stamp import Stamped
from yolopatch.errors import YolopatchError
from yolopatch.outside.git.snapshot import Root
from yolopatch.outside.source.fetch import FROM_PATH
from yolopatch.outside.workspace.commits import Step, head_id
from yolopatch.steps.workspace.choices import Choice
from yolopatch.steps.workspace.patchset import ModulePatch, PatchSet, load_patchset
from yolopatch.wire import shell


def stamped_pin(stamped: Stamped) -> Pin:
    """Return the pin that the stamp names.

    Raises:
        YolopatchError: this yolopatch does not have it.
    """
    if stamped.pin not in PINS:
        raise _unknown("pin", stamped.pin, PINS, stamped)
    return PINS[stamped.pin]


def stamped_patchset(stamped: Stamped, pin: Pin, held: Mapping[str, ModulePatch]) -> PatchSet:
    """Return the patches that the stamp names.

    Args:
        stamped: what the stamp says.
        pin: its pin.
        held: the patches of the user's own modules that a workspace on this machine has.

    Raises:
        YolopatchError: this yolopatch does not have a patch, or has another version of it.
    """
    for module in stamped.modules:
        if module.name not in MODULES and module.name not in held:
            raise _unknown("module", module.name, MODULES, stamped)
        if module.flavor not in (*FLAVORS, ASSIGNER_FLAVOR):
            raise _unknown("flavor", module.flavor, FLAVORS, stamped)
    names = [module.name for module in stamped.modules]
    fixed = ", ".join(f"{name}: {given}" for name, given in flags(stamped.fix_patches).items())
    if (
        len(set(names)) < len(names)
        or not (names or stamped.fix_patches)
        or not all(patch.fixes_of(pin) for patch in stamped.fix_patches)
    ):
        raise YolopatchError(
            "the checkpoint's stamp names a set of patches that no workspace can have",
            details=[f"{pin.name} with {', '.join(names) or 'no module'}, {fixed}"],
            hint="use an unchanged copy of the checkpoint, as the training wrote it",
        )
    choices = [Choice(module.name, module.flavor) for module in stamped.modules]
    patchset = load_patchset(pin, choices, stamped.fix_patches, held=held)
    _refuse_any([*other_patches(stamped, patchset.applied, patchset.fix_patches)], stamped)
    return patchset.made_by(stamped.version)


def check_same(stamped: Stamped, source: str, root: Root, steps: Sequence[Step]) -> None:
    """Check that these commits have the ids of the stamp.

    Args:
        stamped: what the stamp says.
        source: the kind of source that the root's content came from.
        root: the parent of the first commit.
        steps: the commits; the last is the stamp's own.

    Raises:
        YolopatchError: an id differs, or the workspace had changes of its user's.
    """
    built_on, commit = head_id(root, steps[:-1]), head_id(root, steps)
    _refuse_any([*other_commits(stamped, source, built_on, commit)], stamped)
    own = [*user_changes(stamped)]
    if own:
        raise YolopatchError(
            "the checkpoint was trained with its user's own changes, which yolopatch cannot restore",
            details=own,
            hint=f"build the workspace without them: {_commands(stamped)}; then repeat the changes there",
        )


def _refuse_any(differences: list[str], stamped: Stamped) -> None:
    if differences:
        hint = f"build the most similar workspace: {_commands(stamped)}"
        if stamped.version != __version__:
            differences = [
                f"yolopatch: {stamped.version} made the workspace, this is {__version__}",
                *differences,
            ]
            hint = f"restore it with yolopatch {stamped.version}"
        elif any(line.startswith("the source:") for line in differences):
            hint = f"use the same source: --source {'PATH' if stamped.source in FROM_PATH else stamped.source}"
        raise YolopatchError(
            "the checkpoint's workspace cannot be rebuilt exactly; nothing was changed", details=differences, hint=hint
        )


def _commands(stamped: Stamped) -> str:
    """Return the commands that apply the stamp's modules to its pin, with the patches of this yolopatch."""
    flavors = {
        words: [m.name for m in stamped.modules if m.flavor == flavor]
        for flavor, words in ((*((one, f"--flavor {one}") for one in FLAVORS), (ASSIGNER_FLAVOR, "--assigner")))
    }
    start = shell.join(
        ["yolopatch", "apply", "--repo", stamped.pin, "--dest", stamped.pin, *options_of(stamped.fix_patches)]
    )
    commands = [
        f"{start} {words} " + " ".join(f"--module {shell.quote(name)}" for name in names)
        for words, names in flavors.items()
        if names
    ]
    return shell.in_turn(*(commands or [start]))


def _unknown(kind: str, name: str, known: Iterable[str], stamped: Stamped) -> YolopatchError:
    known = list(known)
    details = [f"this is yolopatch {__version__}, which knows: {', '.join(known)}"]
    port = port_command(name)
    if port:
        details.append(f"if that is a release, this makes the pin: {port}")
    hint = f"the stamp was changed; the nearest names are: {', '.join(nearest(name, known)) or 'none'}"
    if kind == "module":
        details.append("if it is a user's own module, a workspace that has it is enough: at --dest, or around the file")
        hint = f"add it to your catalog: yolopatch add FILE.py --name {shell.quote(name)}"
    if stamped.version != __version__:
        hint = f"restore the checkpoint with yolopatch {stamped.version}, which made its workspace" + (
            f"; or {hint}" if kind == "module" else ""
        )
    return YolopatchError(f"the checkpoint's stamp names an unknown {kind}, {name}", details=details, hint=hint)
