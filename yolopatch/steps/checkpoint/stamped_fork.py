"""The fork that a stamp names, as the patches that are here make it, and where that is another one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from yolopatch import __version__
from yolopatch.catalog.modules import FLAVORS, MODULES
from yolopatch.catalog.names import nearest
from yolopatch.catalog.pins import PINS
from yolopatch.core.checkpoint.fork_differences import beyond_us, other_commits, other_patches
from yolopatch.core.checkpoint.stamp import Stamped
from yolopatch.errors import YolopatchError
from yolopatch.outside.git.snapshot import Root
from yolopatch.outside.source.fetch import FROM_PATH
from yolopatch.outside.workspace.commits import Step, head_id
from yolopatch.steps.workspace.patchset import Choice, PatchSet, load_patchset, needs_compat


def stamped_patchset(stamped: Stamped) -> PatchSet:
    """Return the patches that the stamp names, as they are here.

    Raises:
        YolopatchError: its pin or one of its patches is not here, or is another.
    """
    if stamped.pin not in PINS:
        raise _unknown("pin", stamped.pin, PINS, stamped)
    pin = PINS[stamped.pin]
    for module in stamped.modules:
        if module.name not in MODULES:
            raise _unknown("module", module.name, MODULES, stamped)
        if module.flavor not in FLAVORS:
            raise _unknown("flavor", module.flavor, FLAVORS, stamped)
    names = [module.name for module in stamped.modules]
    if len(set(names)) < len(names) or not (names or stamped.compat) or (stamped.compat and not needs_compat(pin)):
        raise YolopatchError(
            "the checkpoint's stamp names patches that no workspace has",
            details=[f"{pin.name} with {', '.join(names) or 'no module'}, compat: {stamped.compat is not None}"],
            hint="use a copy of the checkpoint as the training wrote it",
        )
    choices = [Choice(module.name, module.flavor) for module in stamped.modules]
    patchset = load_patchset(pin, choices, stamped.compat is not None)
    _refuse_any([*other_patches(stamped, patchset.applied, patchset.compat)], stamped)
    return patchset.made_by(stamped.version)


def check_same(stamped: Stamped, source: str, root: Root, steps: Sequence[Step]) -> None:
    """Check that these commits are the stamp's, to the id.

    Args:
        source: the kind of source that the root came from.
        root: what they are made on.
        steps: the commits, of which the last is the stamp's own.

    Raises:
        YolopatchError: says what differs; or the fork had changes of its user's.
    """
    built_on, commit = head_id(root, steps[:-1]), head_id(root, steps)
    _refuse_any([*other_commits(stamped, source, built_on, commit)], stamped)
    own = [*beyond_us(stamped)]
    if own:
        raise YolopatchError(
            "the checkpoint was trained with changes of its user's, which yolopatch cannot restore",
            details=own,
            hint=f"what was below them: {_commands(stamped)}; then put the changes on it, and load the file there",
        )


def _refuse_any(differences: list[str], stamped: Stamped) -> None:
    if differences:
        hint = f"what is nearest here: {_commands(stamped)}"
        if stamped.version != __version__:
            differences = [
                f"yolopatch: {stamped.version} made the checkpoint's fork, this is {__version__}",
                *differences,
            ]
            hint = f"restore it with yolopatch {stamped.version}"
        elif any(line.startswith("the source:") for line in differences):
            hint = f"name the same source: --source {'PATH' if stamped.source in FROM_PATH else stamped.source}"
        raise YolopatchError(
            "the checkpoint's fork would be another one here; nothing was changed", details=differences, hint=hint
        )


def _commands(stamped: Stamped) -> str:
    """Return the commands that put the stamp's modules on its pin, with what patches are here."""
    flavors = {flavor: [m.name for m in stamped.modules if m.flavor == flavor] for flavor in FLAVORS}
    begin = f"yolopatch apply --repo {stamped.pin} --dest {stamped.pin}" + (" --compat" if stamped.compat else "")
    commands = [
        f"{begin} --flavor {flavor} " + " ".join(f"--module {shlex.quote(name)}" for name in names)
        for flavor, names in flavors.items()
        if names
    ]
    return f"`{' && '.join(commands or [begin])}`"


def _unknown(kind: str, name: str, known: Iterable[str], stamped: Stamped) -> YolopatchError:
    known = list(known)
    details = [f"this is yolopatch {__version__}, which knows: {', '.join(known)}"]
    release = re.fullmatch(r"ultralytics-(\d+(?:\.\d+)+)", name)
    if release:
        details.append(f"yolopatch port --to ultralytics=={release[1]} --save makes it, if that is a release")
    if kind == "module":
        details.append(f"yolopatch add FILE.py --name {name} makes it, if that is one of its user's own")
    hint = f"restore it with yolopatch {stamped.version}, which made it"
    if stamped.version == __version__:
        hint = f"the stamp was changed: it may have been {' or '.join(nearest(name, known)) or 'any'}"
    return YolopatchError(f"the checkpoint's stamp names an unknown {kind}, {name}", details=details, hint=hint)
