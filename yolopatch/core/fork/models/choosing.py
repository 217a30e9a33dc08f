"""Which of a fork's models is its main one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from yolopatch.core.fork.models.files import ModelFile
from yolopatch.core.fork.models.mentions import Mention, mentions, stem_of
from yolopatch.core.fork.tree import ForkTree


@dataclass(frozen=True)
class Choice:
    """Which model of a fork is its main one.

    Attributes:
        model: the chosen one; None where nothing decides.
        why: what decided, or why none was chosen, as the end of a sentence.
        among: the models that it could be.
        scale: the letter that a script gives it; "" where none does.
    """

    model: ModelFile | None
    why: str
    among: tuple[ModelFile, ...]
    scale: str = ""


def choose_model(fork: ForkTree, models: Sequence[ModelFile], base: Mapping[str, bytes]) -> Choice:
    """Return the main model of a fork: by the fork's name, its scripts, its README, and by what it uses.

    Args:
        fork: the fork.
        models: as `model_files` gives them.
        base: the release's files, by path.
    """
    named = mentions(fork, base)
    among = _candidates(models, named)
    if not among:
        return Choice(None, "no model YAML in it names a class that the fork adds or changes", ())
    left = among
    for rule in (_fork_named, _named_by(named, trains=True), _named_by(named, trains=False), _with_all):
        found = rule(fork, left)
        left = tuple(found) or left
        if len(left) == 1:
            why = found.get(left[0]) or _only(left[0])
            return Choice(left[0], why, among, _letter(left[0], named))
    if len({model.text for model in left}) == 1:
        first = min(left, key=lambda model: (model.path.count("/"), model.path))
        return Choice(first, f"the {len(left)} model YAMLs that it may be are equal", among, _letter(first, named))
    return Choice(None, f"nothing says which of {len(left)} model YAMLs is the main one", left)


# Returns, of the models that are left, those that a rule is for, each with the reason.
_Rule = Callable[[ForkTree, Sequence[ModelFile]], dict[ModelFile, str]]


def _candidates(models: Sequence[ModelFile], named: Sequence[Mention]) -> tuple[ModelFile, ...]:
    """Return the models that a fork may be about.

    Those that are not the release's, with classes of the fork's own; else those of the release in which the fork has
    changed a class, if something names them; else those that are not the release's.
    """
    stems = {mention.stem for mention in named}
    added = [model for model in models if not model.is_upstreams]
    own = [model for model in added if model.own]
    changed = [model for model in models if model.own and stem_of(model.name)[0] in stems]
    return tuple(own or changed or added)


def _only(model: ModelFile) -> str:
    if model.own:
        return "it is the only one with a class that the fork adds or changes"
    return "it is the only one that is not the release's, but it names no class that the fork adds or changes"


def _fork_named(fork: ForkTree, models: Sequence[ModelFile]) -> dict[ModelFile, str]:
    wanted = {_plain(fork.name), _plain(fork.name.rpartition("+")[2])}
    return {model: "it has the fork's name" for model in models if _plain(stem_of(model.name)[0]) in wanted}


def _named_by(named: Sequence[Mention], trains: bool) -> _Rule:
    def rule(fork: ForkTree, models: Sequence[ModelFile]) -> dict[ModelFile, str]:
        these = [one for one in named if one.trains == trains]
        found = {model: mention for model in models if (mention := _mention(model, these))}
        # yolov5 has a file for each scale: the letter that is named tells them apart
        exact = {model: mention for model in found if (mention := _mention(model, these, exactly=True))}
        kept = _at_their_places(exact or found, these)
        return {model: f"{mention.where} names it" for model, mention in kept.items()}

    return rule


def _at_their_places(found: Mapping[ModelFile, Mention], named: Sequence[Mention]) -> dict[ModelFile, Mention]:
    """Return models without those that have the name of another one which is named with its folders."""
    placed = {model: mention for model in found if (mention := _placed(model, named))}
    names = {model.name for model in placed}
    return {model: placed.get(model, one) for model, one in found.items() if model in placed or model.name not in names}


def _placed(model: ModelFile, named: Sequence[Mention]) -> Mention | None:
    return next((one for one in named if "/" in one.file and f"/{one.file}".endswith(f"/{model.path}")), None)


def _with_all(fork: ForkTree, models: Sequence[ModelFile]) -> dict[ModelFile, str]:
    """Return the model with every class of the fork's own that another one has: the others are its ablations."""
    every = {name for model in models for name in model.own}
    return {
        model: f"it alone has all {len(every)} classes of the fork that {len(models)} model YAMLs use"
        for model in models
        if every == set(model.own) and every
    }


def _mention(model: ModelFile, named: Sequence[Mention], exactly: bool = False) -> Mention | None:
    stem, letter = stem_of(model.name)
    return next((one for one in named if one.stem == stem and (not exactly or one.letter == letter)), None)


def _letter(model: ModelFile, named: Sequence[Mention]) -> str:
    """Return the scale that a script which trains gives the model; a name that has the letter itself needs none."""
    mention = _mention(model, [one for one in named if one.trains])
    return mention.letter if mention and not stem_of(model.name)[1] else ""


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()
