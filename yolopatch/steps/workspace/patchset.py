"""From module names to the commits that add them to a pin, in the canonical order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from yolopatch import __version__
from yolopatch.catalog.environment.fix_patches import FIX_PATCHES, FixPatch, in_order
from yolopatch.catalog.kinds import FORK
from yolopatch.catalog.module import ASSIGNER_FLAVOR, FLAVORS, Module
from yolopatch.catalog.modules import MODULES
from yolopatch.catalog.names import fold
from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import fix_file, patch_file, stamp_file
from yolopatch.core.code.loss_files import loss_file
from yolopatch.core.patch.compose import check_compiles, compose, touched
from yolopatch.core.patch.parsing import Patch, parse_patch
from yolopatch.core.text import sha256
from yolopatch.core.workspace.commit_message import (
    Applied,
    Committed,
    fix_message,
    module_message,
    stamp_message,
)
from yolopatch.core.workspace.fork_file import fork_data, fork_path, with_data
from yolopatch.errors import PatchError, UsageError, YolopatchError
from yolopatch.outside.git.snapshot import Reader, Root
from yolopatch.outside.workspace.commits import Step, head_id
from yolopatch.steps.workspace.choices import Choice


@dataclass(frozen=True)
class ModulePatch:
    """The text of a module's patch; `paper` says where the module comes from, in its commit."""

    text: str
    paper: str


_NONE_HELD: Mapping[str, ModulePatch] = MappingProxyType({})


@dataclass(frozen=True)
class Added:
    """How many lines a file of the pin gains, and how many of its lines the fix patches remove."""

    path: str
    added: int
    removed: int = 0


@dataclass(frozen=True)
class PatchSet:
    """The patches for one pin, in the canonical order: fix patches, modules, stamp; each may be missing."""

    pin: Pin
    fix_patches: Mapping[FixPatch, Committed]
    applied: tuple[Applied, ...]
    stamp: Committed | None
    patches: tuple[Patch, ...]

    def steps(self, read: Reader, root: Root, source: str) -> list[Step]:
        """Return one commit for each patch.

        Args:
            read: returns the pin's text of the given paths; paths that the pin does not have are left out.
            root: the parent of the first commit.
            source: the kind of source that the root's content came from.

        Raises:
            PatchError: a patch does not match the pin, or a patched file does not compile.
        """
        pristine = read(touched(self.patches))
        steps: list[Step] = []
        texts: dict[str, str] = {}
        for number, (message, patch) in enumerate(zip(self._messages(), self.patches), start=1):
            texts = compose(pristine, self.patches[:number], root.blobs)
            steps.append(Step(message, {change.path: texts[change.path] for change in patch.changes}))
        check_compiles(texts)
        if self.stamp is None:
            return steps
        stamped = self._stamped(steps[-1], source, head_id(root, steps[:-1]), self.stamp.version)
        return [*steps[:-1], stamped]

    def made_by(self, version: str) -> PatchSet:
        """Return the same patches with this version of yolopatch in their commit messages."""
        return replace(
            self,
            fix_patches={patch: replace(one, version=version) for patch, one in self.fix_patches.items()},
            applied=tuple(replace(one, version=version) for one in self.applied),
            stamp=self.stamp and replace(self.stamp, version=version),
        )

    def _stamped(self, step: Step, source: str, built_on: str, version: str) -> Step:
        path = fork_path(self.pin)
        data = fork_data(self.pin, source, self.applied, self.fix_patches, version, built_on)
        return replace(step, files={**step.files, path: with_data(step.files[path], data)})

    def _messages(self) -> list[str]:
        fixes = [fix_message(self.pin.name, patch, one) for patch, one in self.fix_patches.items()]
        modules = [module_message(self.pin.name, a) for a in self.applied]
        stamp = [stamp_message(self.pin.name, self.stamp)] if self.stamp else []
        return fixes + modules + stamp

    def files(self) -> tuple[Added, ...]:
        """Return how many lines each file gains and loses, compared with the pin."""
        counts: dict[str, Added] = {}
        for change in (change for patch in self.patches for change in patch.changes):
            before = counts.get(change.path, Added(change.path, 0))
            added = sum(len(edit.lines) for edit in change.edits) + (change.new or "").count("\n")
            removed = sum(edit.replaces for edit in change.edits)
            counts[change.path] = Added(change.path, before.added + added, before.removed + removed)
        return tuple(counts[path] for path in sorted(counts))


def needed(pin: Pin, asked: Collection[FixPatch]) -> tuple[FixPatch, ...]:
    """Return those of these fix patches that the pin has, in the order of their commits; it needs no other.

    Raises:
        YolopatchError: the pin is one of the user's own, of which yolopatch does not know whether it needs one.
    """
    for patch in in_order(asked):
        if pin.home is not None and patch.unknown is not None:
            why, remedy = patch.unknown
            raise YolopatchError(f"there is no {patch.title} for {pin.name}", details=[why], hint=remedy)
    return tuple(patch for patch in in_order(asked) if patch.fixes_of(pin))


def load_patchset(
    pin: Pin,
    choices: Iterable[Choice],
    fix_patches: Collection[FixPatch] = (),
    read: Reader | None = None,
    held: Mapping[str, ModulePatch] = _NONE_HELD,
) -> PatchSet:
    """Load the patches of these modules, with these fix patches; any patch brings the stamp's.

    Args:
        pin: the upstream.
        choices: the modules.
        fix_patches: those to load, in any order.
        read: returns the pin's text of the given paths, for the patches of the user's own modules; None to read the
            cache.
        held: the patches that a workspace has already, by module; the catalog is not asked for these.

    Raises:
        YolopatchError: a module has no patch for this pin, or the pin has no such fix patch.
        PatchError: a patch file is damaged.
    """
    fixed: dict[FixPatch, Committed] = {}
    applied, patches = [], []
    for patch in in_order(fix_patches):
        text = fix_text(pin, patch)
        patches.append(parse_patch(text, f"patches/{pin.name}/{patch.name}.patch", modifies=True))
        fixed[patch] = Committed(sha256(text.encode()), __version__)
    for choice in sorted(choices, key=lambda c: fold(c.name)):
        found = held.get(choice.name) or module_patch(pin, choice, read)
        name = f"patches/{pin.name}/{choice.name}-{choice.flavor}.patch"
        patches.append(parse_patch(found.text, name))
        applied.append(Applied(choice.name, choice.flavor, sha256(found.text.encode()), __version__, found.paper))
    _require_one_loss(pin, {one.name: patch for one, patch in zip(applied, patches[len(fixed) :])})
    stamp = None
    if patches:
        text = stamp_text(pin)
        patches.append(parse_patch(text, f"patches/{pin.name}/stamp.patch"))
        stamp = Committed(sha256(text.encode()), __version__)
    return PatchSet(pin, fixed, tuple(applied), stamp, tuple(patches))


def _require_one_loss(pin: Pin, patches: Mapping[str, Patch]) -> None:
    """Refuse two losses in one workspace: only the last one would be in use."""
    path = loss_file(pin)
    losses = [name for name, patch in patches.items() if path in [change.path for change in patch.changes]]
    if len(losses) > 1:
        raise UsageError(
            f"a workspace has one box loss, and these are {len(losses)}: {', '.join(losses)}",
            details=["each takes the place of the same overlap, so that all but one would never run"],
            hint=f"name one of them: --module {losses[0]}",
        )


def patched_paths(pin: Pin) -> set[str]:
    """Return every file that a patch of the pin changes or adds; not those of the user's own modules.

    A patch whose file is missing can change none.

    Raises:
        PatchError: a patch file is damaged.
    """
    files = (patch_file(pin.name, one.name, flavor) for one in MODULES.values() for flavor in one.flavors)
    texts = [_decode(file) for file in files if file.is_file()]
    patches = [parse_patch(text, pin.name) for text in (stamp_text(pin), *texts)]
    for fix in FIX_PATCHES:
        if fix.fixes_of(pin) and fix_file(pin.name, fix.name).is_file():
            patches.append(parse_patch(fix_text(pin, fix), pin.name, modifies=True))
    return {change.path for patch in patches for change in patch.changes}


def fix_text(pin: Pin, patch: FixPatch) -> str:
    """Return the text of one of the pin's fix patches.

    Raises:
        YolopatchError: the pin needs none, or is one of the user's own.
        PatchError: the file is missing or damaged.
    """
    if not needed(pin, [patch]):
        raise YolopatchError(
            f"{pin.name} needs no {patch.title} and has none",
            details=[patch.needless],
            hint=f"leave {patch.option} out",
        )
    return _read_patch(fix_file(pin.name, patch.name))


def stamp_text(pin: Pin) -> str:
    """Return the text of the patch that stamps the pin's checkpoints.

    Raises:
        PatchError: the file is missing or damaged.
    """
    return _read_patch(stamp_file(pin.name))


def module_patch(pin: Pin, choice: Choice, read: Reader | None = None) -> ModulePatch:
    """Return a module's patch: from its file, or made for the pin where the module is the user's own.

    Raises:
        YolopatchError: the module has no patch for this pin.
    """
    module = MODULES[choice.name]
    if module.is_made_on_demand:
        # only these need jinja2, whose import is slow
        from yolopatch.steps.own.patch import cache_reader, own_patch

        return ModulePatch(own_patch(pin, module, read or cache_reader(pin), choice.flavor), module.paper)
    file = patch_file(pin.name, choice.name, choice.flavor)
    if file.is_file():
        return ModulePatch(_decode(file), module.paper)
    have = [
        f"{folder.name} ({flavor})"
        for folder in sorted(file.parent.parent.iterdir())
        for flavor in (*FLAVORS, ASSIGNER_FLAVOR)
        if (folder / f"{choice.name}-{flavor}.patch").is_file()
    ]
    raise YolopatchError(
        f"{choice.name} in the flavor {choice.flavor} is not available for {pin.name}",
        details=[f"available for: {', '.join(have) or 'no pin'}"],
        hint=_other_pin(module, pin),
    )


def _other_pin(module: Module, pin: Pin) -> str:
    if module.kind == FORK:
        return f"rebuild it there: yolopatch adopt FORK --to {pin.upstream}=={pin.version}; or choose one of these"
    return "choose one of these with --repo and --flavor"


def _read_patch(file: Path) -> str:
    if not file.is_file():
        raise PatchError(f"the patch {file} is missing", hint="install yolopatch again; in a git clone: make patches")
    return _decode(file)


def _decode(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")  # not read_text: line ends count
    except UnicodeDecodeError as error:
        raise PatchError(
            f"the patch {file} is not UTF-8 text: {error}", hint="install yolopatch again; in a git clone: make patches"
        ) from error
