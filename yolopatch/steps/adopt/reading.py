"""Read a fork: its base, what it changes, and which model it is about. Nothing of it runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from yolopatch.core.fork.base import Base
from yolopatch.core.fork.changes import FileChange
from yolopatch.core.fork.difference.difference import read_difference
from yolopatch.core.fork.foreign import with_releases
from yolopatch.core.fork.models.choosing import Choice, choose_model
from yolopatch.core.fork.models.files import ModelFile, find_models, model_files
from yolopatch.core.fork.models.own import OwnClass, OwnClasses
from yolopatch.core.fork.reach import reached
from yolopatch.core.fork.scripts.finder import Recommended
from yolopatch.core.fork.scripts.given import recommended
from yolopatch.core.fork.tree import ForkTree
from yolopatch.errors import UsageError
from yolopatch.outside.fork.read import read_fork
from yolopatch.outside.source.bases import load_index
from yolopatch.outside.source.releases import Release
from yolopatch.outside.watch import Watch
from yolopatch.steps.adopt.base import FoundBase, find_fork_base

_SHOWN = 10  # YAMLs in a message
_STEPS = ("reading the fork", "looking for its base", "reading its changes")


@dataclass(frozen=True)
class Reading:
    """What a fork says, without running it.

    Attributes:
        fork: its files.
        base: the release that it began from.
        next_best: the release that would be the base without it; None where no other has any file.
        release: the content of the base.
        changes: each file that is not as the base has it.
        models: its model YAMLs, with those of the base.
        choice: which of them is the main one; None where the user names them.
        chosen: the models that are looked at.
        own: the classes that the fork adds or changes and these models name, in the order of their rows.
        idle: classes that the fork adds or changes and its parser knows, but no model YAML in it names.
        given: the settings that its scripts recommend.
        lacking: why the base is the release before the commit that the fork was copied from; "" where it is not.
    """

    fork: ForkTree
    base: Base
    next_best: Base | None
    release: Release
    changes: tuple[FileChange, ...]
    models: tuple[ModelFile, ...]
    choice: Choice | None
    chosen: tuple[ModelFile, ...]
    own: tuple[OwnClass, ...]
    idle: tuple[str, ...]
    given: tuple[Recommended, ...] = ()
    lacking: str = ""

    @property
    def why(self) -> str:
        """Why the main model was chosen, or none; "" where the user names models."""
        return self.choice.why if self.choice else ""

    @property
    def scale(self) -> str:
        """The letter of the scale at which the fork trains its main model; "" where none is known."""
        return self.choice.scale if self.choice else ""


def read(
    named: str,
    folder: str | None,
    base: str,
    cfgs: tuple[str, ...],
    cache: Path,
    watch: Watch,
    needs_model: bool = False,
) -> Reading:
    """Return what a fork says.

    Args:
        named: the folder, git repository or archive.
        folder: the folder in it with the package; None to find it.
        base: the release that it began from, or AUTO.
        cfgs: the model YAMLs that the user names; empty to find the main one.
        cache: the cache folder.
        watch: called with each step.
        needs_model: whether the reading is for nothing without a main model.

    Raises:
        UsageError, OpenError: nothing of a name is there, or several are; or there is no main model, and one is needed.
        SourceError: the fork is damaged or made to do harm, or the release cannot be had.
        YolopatchError: no release has any file of the fork.
    """
    watch(_STEPS[0], 1, len(_STEPS))
    fork = read_fork(named, folder)
    watch(_STEPS[1], 2, len(_STEPS))
    found = find_fork_base(fork, base, cache)
    watch(_STEPS[2], 3, len(_STEPS))
    return _look(fork, found, cfgs, needs_model)


def _look(fork: ForkTree, found: FoundBase, cfgs: tuple[str, ...], needs_model: bool) -> Reading:
    own = OwnClasses.of(fork.upstream, fork.files, found.release.files)
    models = model_files(fork, found.release.files, own, every=bool(cfgs))
    choice = None if cfgs else choose_model(fork, models, found.release.files)
    chosen = find_models(cfgs, models) if cfgs else (choice.model,) if choice and choice.model else ()
    if choice and needs_model:
        _require_model(fork, choice)
    wanted = {one.path: one.cfg.content for one in chosen or (choice.among if choice else ())}
    reach = reached(own.fork, fork.upstream, wanted) if wanted else None
    index, copied = load_index(fork.upstream), found.base.commit
    release = copied.name if copied else found.base.release
    changes = read_difference(found.release.files, fork, reach, partial(index.nearest, release=release))
    changes = with_releases(changes, fork.files, index, release)
    named = {name for model in models for name in model.own}
    idle = tuple(name for name in own.in_parser() if name not in named)
    rows = dict.fromkeys(name for model in chosen for name in model.own)
    ours = tuple(one for name in rows if (one := own.find(name)))
    given = recommended(fork, found.release.files, changes)
    return Reading(
        fork,
        found.base,
        found.next_best,
        found.release,
        changes,
        models,
        choice,
        chosen,
        ours,
        idle,
        given,
        found.lacking,
    )


def _require_model(fork: ForkTree, choice: Choice) -> None:
    """Refuse a fork without a main model, before its changes are read: that takes long.

    Raises:
        UsageError: there is none.
    """
    if choice.model is None:
        raise UsageError(
            f"{fork.name}: {choice.why}",
            details=[f"found: {model.path}" for model in choice.among[:_SHOWN]],
            hint="name one with --cfg, or leave out --dest",
        )
