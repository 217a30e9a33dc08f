"""Whether the model that was rebuilt of a fork is the fork's own: the same tensors, and the same outputs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from yolopatch.wire.fork.models import Built, BuiltLayer, BuiltTensor, Values

# how a layer, or the outputs of a model, agree
EQUAL, ROUNDED, OTHER_OUTPUTS, OTHER_TENSORS, OTHER_SOURCES, ONLY_FORK, ONLY_REBUILT = (
    "equal",
    "rounded",
    "other-outputs",
    "other-tensors",
    "other-sources",
    "only-fork",
    "only-rebuilt",
)
# Relative to the norm. The same formula in another order differs by 1e-7 in one layer; a deep network makes a thousand
# times of it.
_ROUNDING, _GROWN = 1e-5, 1e-3
_OTHER_TENSORS = (OTHER_TENSORS, ONLY_FORK, ONLY_REBUILT)
_STATISTICS = (".running_mean", ".running_var", ".num_batches_tracked")


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

    @property
    def name(self) -> str:
        """The layer in a sentence: `layer 3 (C2f in the fork, C2f_Slug rebuilt)`."""
        own, other = self.kinds
        if own and other and own != other:
            return f"layer {self.index} ({own} in the fork, {other} rebuilt)"
        return f"layer {self.index} ({own or other})"


@dataclass(frozen=True)
class Agreement:
    """How a rebuilt model agrees with the fork's.

    Attributes:
        same: whether it has the same tensors and, with the same weights, the same outputs, rounding aside.
        tensors: whether the tensors of each layer are the same, by name and shape.
        outputs: of the whole model: EQUAL, ROUNDED or OTHER_OUTPUTS.
        start: whether all tensors start with the same values, with the same seed, statistics of norms aside.
        parameters: their number in the fork, and in the rebuilt model.
        first: the first layer that differs, None where none does.
        what: one sentence.
        layers: side by side.
        notes: what else should be known, a sentence each: layers that are random in eval, tensors that start otherwise.
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


def compare_built(fork: Built, rebuilt: Built) -> Agreement:
    """Compare the model of a fork's tree with the one of the tree that it was rebuilt in.

    Args:
        fork: the first.
        rebuilt: the second, built with the same seed at the same scale on the same image.
    """
    layers = tuple(_layers(fork, rebuilt))
    outside = _tensor_difference(_outside(fork), _outside(rebuilt))
    tensors = not outside and not any(layer.how in _OTHER_TENSORS for layer in layers)
    outputs = _outputs(fork.layers[-1].outputs, rebuilt.layers[-1].outputs, _GROWN)
    first = next((layer for layer in layers if layer.how not in (EQUAL, ROUNDED)), None)
    same = tensors and first is None and outputs != OTHER_OUTPUTS
    others = _other_starts(fork, rebuilt)
    parameters = (fork.parameters, rebuilt.parameters)
    sentence = _sentence(first, outputs, _farthest(fork, rebuilt))
    what = sentence if same or first else outside or "all layers agree, and the outputs of the model differ"
    notes = tuple(filter(None, (_renumbered(fork, rebuilt), _random(fork, rebuilt), _started(others), _broken(fork))))
    return Agreement(same, tensors, outputs, not others, parameters, first, what, layers, notes)


def _layers(fork: Built, rebuilt: Built) -> Iterator[LayerAgreement]:
    agreed = True  # so far: the first layer that differs by rounding may do so by little
    for own, other in _pairs(fork, rebuilt):
        how, what = _compare(fork, rebuilt, own, other, _ROUNDING if agreed else _GROWN)
        agreed = agreed and how == EQUAL
        there = own or other
        assert there is not None  # one of the two has a layer more
        yield LayerAgreement(
            there.index,
            (own.kind if own else "", other.kind if other else ""),
            there.sources,
            (own.parameters if own else 0, other.parameters if other else 0),
            there.outputs[0].shape[1:] if there.outputs else (),
            how,
            what,
        )


def _pairs(fork: Built, rebuilt: Built) -> Iterator[tuple[BuiltLayer | None, BuiltLayer | None]]:
    return zip_longest(_computing(fork), _computing(rebuilt))


def _compare(
    fork: Built, rebuilt: Built, own: BuiltLayer | None, other: BuiltLayer | None, limit: float
) -> tuple[str, str]:
    """Return how two layers agree, and the sentence."""
    if own is None:
        return ONLY_REBUILT, "the fork's model has no such layer"
    if other is None:
        return ONLY_FORK, "the rebuilt model has no such layer"
    tensors = _tensor_difference(_of_layer(fork, own), _of_layer(rebuilt, other))
    if tensors:
        return OTHER_TENSORS, tensors
    if own.sources != other.sources:
        return OTHER_SOURCES, f"it reads {_numbers(own.sources)} in the fork, and {_numbers(other.sources)} rebuilt"
    how = _outputs(own.outputs, other.outputs, limit)
    if how == EQUAL:
        return how, ""
    far = _distance(own.outputs, other.outputs)
    if how == ROUNDED:
        return how, f"its outputs differ by {far:.1g} of their size: by rounding"
    if not math.isfinite(far):
        return how, f"it returns {_listed(own.outputs)} in the fork, and {_listed(other.outputs)} rebuilt"
    return how, f"its tensors are the same, and with the same weights its outputs differ by {far:.1g} of their size"


def _computing(built: Built) -> list[BuiltLayer]:
    """Return the layers without those that pass on at most one of the maps that a layer returns.

    A fork may count the maps of a backbone as layers without making any, and more than there are; on the release, each
    is a row.
    """
    return [layer for layer in built.layers if not _passes_on(layer, built)]


def _passes_on(layer: BuiltLayer, built: Built) -> bool:
    read = [one for one in built.layers if one.index in layer.sources and len(one.outputs) > 1]
    maps = {values.digest for one in read for values in one.outputs}
    passes = bool(read) and len(layer.outputs) < 2 and all(values.digest in maps for values in layer.outputs)
    return passes and not _of_layer(built, layer)


def _of_layer(built: Built, layer: BuiltLayer) -> list[BuiltTensor]:
    """Return the tensors of a layer, by their names in it."""
    prefix = f"model.{layer.place}."
    own = [tensor for tensor in built.tensors if tensor.name.startswith(prefix)]
    return [replace(tensor, name=tensor.name[len(prefix) :]) for tensor in own]


def _outside(built: Built) -> list[BuiltTensor]:
    """Return the tensors that are in no layer."""
    prefixes = tuple(f"model.{layer.place}." for layer in built.layers)
    return [tensor for tensor in built.tensors if not tensor.name.startswith(prefixes)]


def _shapes(tensors: Sequence[BuiltTensor]) -> dict[str, tuple[int, ...]]:
    return {tensor.name: tensor.shape for tensor in tensors}


def _tensor_difference(own: Sequence[BuiltTensor], other: Sequence[BuiltTensor]) -> str:
    """Return the first tensor that differs by name or shape, in a sentence; "" where none does."""
    mine, theirs = _shapes(own), _shapes(other)
    for name in mine:
        if name not in theirs:
            return f"the rebuilt model has no {name} {_shape(mine[name])}"
        if mine[name] != theirs[name]:
            return f"{name} is {_shape(mine[name])} in the fork, and {_shape(theirs[name])} rebuilt"
    added = next((name for name in theirs if name not in mine), None)
    return f"the fork's model has no {added} {_shape(theirs[added])}" if added else ""


def _outputs(own: Sequence[Values], other: Sequence[Values], limit: float) -> str:
    if [values.digest for values in own] == [values.digest for values in other]:
        return EQUAL
    return ROUNDED if _distance(own, other) <= limit else OTHER_OUTPUTS


def _distance(own: Sequence[Values], other: Sequence[Values]) -> float:
    """Return how far apart two layers' outputs are, relative to their norm; infinite for other shapes or for NaN."""
    if [values.shape for values in own] != [values.shape for values in other]:
        return math.inf
    return max((_apart(a, b) for a, b in zip(own, other)), default=0.0)


def _apart(own: Values, other: Values) -> float:
    if own.digest == other.digest:
        return 0.0
    if not (math.isfinite(own.norm) and math.isfinite(other.norm)):
        return math.inf
    scale = max(own.norm, other.norm)
    if not scale:
        return 0.0
    sketched = math.dist([one * own.norm for one in own.sketch], [one * other.norm for one in other.sketch])
    return max(sketched, abs(own.norm - other.norm)) / scale


def _farthest(fork: Built, rebuilt: Built) -> float:
    return max(_distance(own.outputs, other.outputs) for own, other in _pairs(fork, rebuilt) if own and other)


def _other_starts(fork: Built, rebuilt: Built) -> list[str]:
    """Return the tensors that start otherwise; where a model runs while it is built, statistics are no start."""
    found = []
    for own, other in _pairs(fork, rebuilt):
        starts = {tensor.name: tensor.start for tensor in _of_layer(rebuilt, other)} if other else {}
        for tensor in _of_layer(fork, own) if own else ():
            if starts.get(tensor.name, tensor.start) != tensor.start and not tensor.name.endswith(_STATISTICS):
                found.append(f"model.{own.place}.{tensor.name}" if own else tensor.name)
    return found


def _sentence(first: LayerAgreement | None, outputs: str, farthest: float) -> str:
    if first:
        return f"{first.name} is the first that differs: {first.what}"
    if outputs == EQUAL and not farthest:
        return "the tensors are the same, and with the same weights every layer returns the same, bit by bit"
    return (
        f"the tensors are the same, and with the same weights the layers differ by at most {farthest:.1g} of their size"
    )


def _renumbered(fork: Built, rebuilt: Built) -> str:
    more = len(rebuilt.layers) - len(_computing(rebuilt))
    if more == len(fork.layers) - len(_computing(fork)):
        return ""
    return (
        f"{more} layers of the rebuilt model pass on a map each, so that its tensors have the numbers of other layers"
    )


def _random(fork: Built, rebuilt: Built) -> str:
    numbers = [own.index for own in fork.layers if not own.steady]
    numbers += [other.index for other in rebuilt.layers if not other.steady and other.index not in numbers]
    if not numbers:
        return ""
    which = f"layer {numbers[0]}" + (f" and {len(numbers) - 1} more" if len(numbers) > 1 else "")
    return f"{which} returned other values when the model ran again in eval: it is random, or changes its own tensors"


def _started(names: Sequence[str]) -> str:
    if not names:
        return ""
    which = f"{names[0]} and {len(names) - 1} more start" if len(names) > 1 else f"{names[0]} starts"
    return f"with the same seed, {which} with other values"


def _broken(fork: Built) -> str:
    broken = [layer.index for layer in fork.layers if any(math.isnan(values.norm) for values in layer.outputs)]
    return f"with the weights of the comparison, layer {broken[0]} returns values that are not finite" if broken else ""


def _numbers(sources: Sequence[int]) -> str:
    names = ["the image" if source < 0 else str(source) for source in sources]
    return f"layer{'s' if len(names) > 1 else ''} {' and '.join(names)}"


def _shape(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))})"


def _listed(outputs: Sequence[Values]) -> str:
    return " and ".join(_shape(values.shape) for values in outputs) or "nothing"
