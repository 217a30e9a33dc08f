"""Whether the model that was rebuilt of a fork is the fork's own: the same tensors, and the same outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from yolopatch.wire.fork.models import Built

# how a layer, or a model's outputs, agree
EQUAL, ROUNDED, OTHER_OUTPUTS, OTHER_TENSORS, OTHER_SOURCES, ONLY_FORK, ONLY_REBUILT = (
    "equal",
    "rounded",
    "other-outputs",
    "other-tensors",
    "other-sources",
    "only-fork",
    "only-rebuilt",
)
_NO_NAMES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class LayerAgreement:
    """A layer of the fork's model beside the rebuilt one's.

    Attributes:
        index: its number.
        kinds: its class in the fork, and in the rebuilt model; "" where there is no such layer.
        sources: the numbers of the layers that the fork's layer reads.
        parameters: their number in the fork, and in the rebuilt model.
        shape: of the first tensor that it returns, without the batch.
        how: EQUAL, ROUNDED (the outputs differ by rounding), OTHER_OUTPUTS, OTHER_TENSORS, OTHER_SOURCES, ONLY_FORK or
            ONLY_REBUILT. A layer with equal tensors that only gets other inputs counts as OTHER_OUTPUTS.
        what: one sentence where it is not EQUAL, else "".
    """

    index: int
    kinds: tuple[str, str]
    sources: tuple[int, ...]
    parameters: tuple[int, int]
    shape: tuple[int, ...]
    how: str
    what: str


@dataclass(frozen=True)
class Agreement:
    """How a rebuilt model agrees with the fork's.

    Attributes:
        same: whether it has the same tensors and, with the same weights, the same outputs, rounding aside.
        tensors: whether the tensors are the same, by name and shape.
        outputs: of the whole model: EQUAL, ROUNDED or OTHER_OUTPUTS.
        start: whether all tensors start with the same values, with the same seed.
        parameters: their number in the fork, and in the rebuilt model.
        first: the first layer that differs, None where none does.
        what: one sentence.
        layers: side by side.
        notes: what else should be known, a sentence each: a model that is random in eval, another start.
    """

    same: bool
    tensors: bool
    outputs: str
    start: bool
    parameters: tuple[int, int]
    first: LayerAgreement | None
    what: str
    layers: tuple[LayerAgreement, ...]
    notes: tuple[str, ...] = ()


def compare_built(fork: Built, rebuilt: Built, names: Mapping[str, str] = _NO_NAMES) -> Agreement:
    """Compare the model of a fork's tree with the one of the tree that it was rebuilt in.

    Args:
        fork: the first.
        rebuilt: the second, built with the same seed at the same scale on the same image.
        names: the names that the fork's classes have in the rebuilt tree, where they differ: `{"C2f": "C2f_Slug"}`.
    """
    raise NotImplementedError
