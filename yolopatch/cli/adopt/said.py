"""Words that the lines and the page of `adopt` share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from yolopatch.core.fork.account import Account, Layer

if TYPE_CHECKING:
    from yolopatch.steps.adopt.adopt import AdoptedModel

PAPER, ELSE = "what the paper would say", "what else is in here"
_BUILT = {True: "yes", False: "no", None: "not tried"}
_SAME = {True: "the same", False: "differs", None: "not compared"}


def built_word(model: AdoptedModel) -> str:
    """Return whether the fork builds the model."""
    return _BUILT[model.builds]


def same_word(model: AdoptedModel) -> str:
    """Return whether the rebuilt model is the fork's."""
    return _SAME[model.same_as_fork]


def layers_of(layer: Layer) -> str:
    """Return the numbers of a class's layers, with the YAML's name where there are several."""
    listed = {cfg: ", ".join(map(str, numbers)) for cfg, numbers in layer.layers.items()}
    return next(iter(listed.values())) if len(listed) == 1 else "; ".join(f"{cfg} {text}" for cfg, text in listed.items())


def helpers(told: Account) -> str:
    """Return how many definitions the fork's own classes use, in words."""
    count, files = len(told.helpers), len({item.path for item in told.helpers})
    return f"and {count} definition{'s' * (count != 1)} that they use, in {files} file{'s' * (files != 1)}"


def rest(told: Account) -> Iterator[str]:
    """Yield what of a fork has no effect on a model, in counts."""
    definitions, files = told.unused
    parts = [
        (len(told.idle), "change{} without effect"),
        (len(told.formatted), "file{} with other formatting or comments alone"),
        (len(told.leftovers), "leftover{} that nobody meant to publish"),
        (definitions, "definition{} that the model does not need"),
        (files, "of the file{} with nothing else"),
    ]
    yield from (f"{count:,} {words.format('s' * (count != 1))}" for count, words in parts[:-1] if count)
    if files:
        yield f"{files:,} file{'s' * (files != 1)} with nothing that the model needs"
