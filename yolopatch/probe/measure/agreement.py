"""How far a model's outputs are from its base's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ...wire.checkpoints import Agreement
from ..tensors.models import UpstreamModel
from ..tensors.tensors import head_inputs, tensors

_BITS = (2, 3, 4, 8)

if TYPE_CHECKING:
    View = Callable[[UpstreamModel, Tensor], list[Tensor]]


def relative_error(found: object, expected: object) -> float:
    """Return the norm of the difference, relative to the norm of the expected values, of the worst tensor."""
    pairs = zip(tensors(found), tensors(expected))
    return max(float((a - b).norm() / b.norm().clamp_min(1e-12)) for a, b in pairs)


def measure(model: UpstreamModel, base: UpstreamModel, images: Tensor) -> Agreement:
    """Return how far the model's outputs are from the base's on images.

    A model with layers that quantise is measured at other numbers of bits, too.
    """
    of, view, found, expected = _comparable(model, base, images)
    if view is None:
        return Agreement(of, None)
    error = relative_error(found, expected)
    quantised = [module for module in model.modules() if hasattr(module, "bits") and hasattr(module, "quantize")]
    if not quantised:
        return Agreement(of, error)
    own = [module.bits for module in quantised]
    errors = {
        str(bits): relative_error(_at(quantised, [bits] * len(own), view, model, images), expected) for bits in _BITS
    }
    _set_bits(quantised, own)
    return Agreement(of, error, tuple(sorted(set(own))), errors)


def _comparable(
    model: UpstreamModel, base: UpstreamModel, images: Tensor
) -> tuple[str, View | None, list[Tensor], list[Tensor]]:
    """Return which tensors can be compared, the function that returns them, and those of both models; or None."""
    views: tuple[tuple[str, View], ...] = (("outputs", raw_outputs), ("head inputs", head_inputs))
    for of, view in views:
        found, expected = view(model, images), view(base, images)
        if [t.shape for t in found] == [t.shape for t in expected]:
            return of, view, found, expected
    return "nothing", None, [], []


def raw_outputs(model: UpstreamModel, images: Tensor) -> list[Tensor]:
    """Return the head's outputs before upstream sorts and cuts them."""
    head = model.model[-1]
    head.training = True
    try:
        return list(tensors(model(images)))
    finally:
        head.training = False


def _at(modules: Sequence[Any], bits: Iterable[int], view: View, model: UpstreamModel, images: Tensor) -> list[Tensor]:
    _set_bits(modules, bits)
    return view(model, images)


def _set_bits(modules: Sequence[Any], bits: Iterable[int]) -> None:
    for module, number in zip(modules, bits):
        module.bits = number
