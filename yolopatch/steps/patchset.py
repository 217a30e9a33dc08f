"""From module names to the commits that put them on a pin, in the canonical order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from yolopatch import __version__
from yolopatch.catalog.modules import FLAVORS, MODULES
from yolopatch.catalog.names import fold
from yolopatch.catalog.pins import Pin
from yolopatch.catalog.resources import patch_file, patches_dir
from yolopatch.core.compose import check_compiles, compose, touched
from yolopatch.core.diff import Patch, parse_patch
from yolopatch.core.message import Applied, module_message
from yolopatch.errors import PatchError, YolopatchError
from yolopatch.outside.commits import Step


@dataclass(frozen=True)
class Choice:
    """A module in a flavor, as the user asked for it or as the workspace has it."""

    name: str
    flavor: str


@dataclass(frozen=True)
class Added:
    """How many lines a file of the pin gains."""

    path: str
    added: int


@dataclass(frozen=True)
class PatchSet:
    """The patches of some modules for one pin, in the canonical order."""

    pin: Pin
    applied: tuple[Applied, ...]
    patches: tuple[Patch, ...]

    def steps(self, read: Callable[[list[str]], Mapping[str, str]], taken: Collection[str]) -> list[Step]:
        """Return one commit for each module.

        Args:
            read: gives the pin's text of these paths, without those that the pin lacks.
            taken: every path of the pin.

        Raises:
            PatchError: a patch does not match the pin, or what comes out does not compile.
        """
        pristine = read(touched(self.patches))
        steps, texts = [], {}
        for number, (applied, patch) in enumerate(zip(self.applied, self.patches), start=1):
            texts = compose(pristine, self.patches[:number], taken)
            message = module_message(self.pin.name, MODULES[applied.name], applied)
            steps.append(Step(message, {change.path: texts[change.path] for change in patch.changes}))
        check_compiles(texts)
        return steps

    def files(self) -> tuple[Added, ...]:
        """Return how many lines each file gains against the pin."""
        counts: dict[str, int] = {}
        for patch in self.patches:
            for change in patch.changes:
                lines = sum(len(edit.lines) for edit in change.edits) + (change.new or "").count("\n")
                counts[change.path] = counts.get(change.path, 0) + lines
        return tuple(Added(path, counts[path]) for path in sorted(counts))


def load_patchset(pin: Pin, choices: Iterable[Choice]) -> PatchSet:
    """Load the patches of these modules.

    Raises:
        YolopatchError: a module has no patch for this pin.
        PatchError: a patch file is damaged.
    """
    applied, patches = [], []
    for choice in sorted(choices, key=lambda c: fold(c.name)):
        text = patch_text(pin, choice)
        name = f"patches/{pin.name}/{choice.name}-{choice.flavor}.patch"
        patches.append(parse_patch(text, name))
        digest = hashlib.sha256(text.encode()).hexdigest()
        applied.append(Applied(choice.name, choice.flavor, digest, __version__))
    return PatchSet(pin, tuple(applied), tuple(patches))


def patch_text(pin: Pin, choice: Choice) -> str:
    """Return the text of the patch file of this module and flavor.

    Raises:
        YolopatchError: there is none for this pin.
    """
    file = patch_file(pin.name, choice.name, choice.flavor)
    if file.is_file():
        return _decoded(file)
    have = [
        f"{folder.name} ({flavor})"
        for folder in sorted(patches_dir().iterdir())
        for flavor in FLAVORS
        if (folder / f"{choice.name}-{flavor}.patch").is_file()
    ]
    raise YolopatchError(
        f"{choice.name} in the flavor {choice.flavor} is not available for {pin.name}",
        details=[f"available for: {', '.join(have) or 'no pin'}"],
        hint="choose one of these with --repo and --flavor",
    )


def _decoded(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")  # not read_text: line ends count
    except UnicodeDecodeError as error:
        raise PatchError(
            f"the patch {file} is no UTF-8 text: {error}", hint="restore it: reinstall yolopatch"
        ) from error
