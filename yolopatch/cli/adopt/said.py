"""Words that the lines and the page of `adopt` share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from yolopatch.core.fork.account import Account, Item, Layer
from yolopatch.core.fork.packages import ULTRALYTICS

if TYPE_CHECKING:
    from yolopatch.steps.adopt.model import AdoptedModel

PAPER, ELSE = "what the paper would say", "what else is in here"
_LONGEST = 40  # characters of a name before a sentence
_LAYERS = 5  # numbers in a cell
_BUILT = {True: "yes", False: "no", None: "not tried"}
_SAME = {True: "the same", False: "differs", None: "not compared"}


def built_word(model: AdoptedModel) -> str:
    """Return whether the fork builds the model."""
    return _BUILT[model.builds]


def same_word(model: AdoptedModel) -> str:
    """Return whether the rebuilt model is the fork's."""
    if not model.path:
        return "not rebuilt"
    if model.same_as_fork is None and model.rebuilt_builds:
        return "builds, not compared"
    return _SAME[model.same_as_fork]


def layers_of(layer: Layer) -> str:
    """Return the numbers of a class's layers, with the YAML's name where there are several."""
    listed = {cfg: _listed(numbers) for cfg, numbers in layer.layers.items()}
    return (
        next(iter(listed.values())) if len(listed) == 1 else "; ".join(f"{cfg} {text}" for cfg, text in listed.items())
    )


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_LAYERS]))
    return shown if len(numbers) <= _LAYERS else f"{shown} and {len(numbers) - _LAYERS} more"


def place_of(layer: Layer) -> str:
    """Return the line that defines a class, in the package."""
    return layer.where.removeprefix(f"{ULTRALYTICS}/")


def kind_of(layer: Layer) -> str:
    """Return what the fork did with a class."""
    return layer.own.kind if layer.own.is_imported else "not imported"


def name_of(item: Item, before: str = "") -> str:
    """Return the name that goes before a sentence; "" where the sentence or the line before it has it."""
    is_said = f"`{item.name.rpartition('.')[2]}`" in item.what or item.path.endswith(item.name)
    if not item.name or item.name == before or is_said:
        return ""
    return item.name if len(item.name) <= _LONGEST else f"{item.name[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}"


def helpers(told: Account) -> str:
    """Return how many definitions the fork's own classes use, in words."""
    count, files = len(told.helpers), len({item.path for item in told.helpers})
    return f"and {count} definition{'s' * (count != 1)} that they use, in {files} file{'s' * (files != 1)}"


def rest(told: Account) -> Iterator[str]:
    """Yield what of a fork has no effect on a model, in counts."""
    definitions, files = told.unused
    idle, formatted, leftovers = len(told.idle), len(told.formatted), len(told.leftovers)
    if idle:
        yield f"{idle:,} change{'s' * (idle != 1)} without effect"
    if formatted:
        yield f"{formatted:,} file{'s' * (formatted != 1)} with other formatting or comments alone"
    if leftovers:
        yield f"{leftovers:,} leftover{'s' * (leftovers != 1)} that nobody meant to publish"
    if definitions:
        yield f"{definitions:,} definition{'s' * (definitions != 1)} that the model does not need"
    if files:
        yield f"{files:,} file{'s' * (files != 1)} with nothing that the model needs"
