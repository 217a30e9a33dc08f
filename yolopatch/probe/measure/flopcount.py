"""Count what a model really computes: every operator that torch dispatches, in any module or function."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from ..tensors.attention import without_fast_path

if TYPE_CHECKING:
    Shape = Sequence[int]

CONVOLUTION, PRODUCT = "convolution", "product"


@dataclass(frozen=True)
class Flops:
    """Floating point operations of one run: two for each multiply and add, nothing else counted.

    Attributes:
        total: of the whole model.
        own: by module name, then by kind (`convolution` or `product`): what a module computes itself, without the
            modules that it calls.
    """

    total: int
    own: Mapping[str, Mapping[str, int]]


@torch.no_grad()
def count_flops(model: nn.Module, x: Tensor) -> Flops:
    """Run a model once, in its present mode, and count its convolutions, matrix products and attention."""
    with without_fast_path(), FlopCounterMode(display=False, custom_mapping=_missing_formulas()) as counter:
        book = _Book(model, counter)
        handles = (
            register_module_forward_pre_hook(book.enter),
            register_module_forward_hook(book.leave),
        )
        try:
            model(x)
        finally:
            for handle in handles:
                handle.remove()
    return Flops(counter.get_total_flops(), dict(book.own))


class _Book:
    """Assigns to each module the operations that are counted between the start and the end of its forward."""

    def __init__(self, model: nn.Module, counter: FlopCounterMode) -> None:
        self._names = {module: name for name, module in model.named_modules()}
        self._counter = counter
        self._open: list[tuple[nn.Module, Counter[str], Counter[str]]] = []
        self.own: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def enter(self, module: nn.Module, _: object) -> None:
        self._open.append((module, self._so_far(), Counter()))

    def leave(self, module: nn.Module, *_: object) -> None:
        opened, before, inside = self._open.pop()
        while opened is not module:  # modules that an exception left are still on the stack
            opened, before, inside = self._open.pop()
        whole = self._so_far() - before
        if whole - inside:
            self.own[self._names.get(module, type(module).__name__)] += whole - inside
        if self._open:
            self._open[-1][2].update(whole)

    def _so_far(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for operator, flops in self._counter.get_flop_counts().get("Global", {}).items():
            found[CONVOLUTION if "conv" in str(operator) else PRODUCT] += flops
        return found


def _attention(query: Shape, key: Shape, value: Shape, *_: object, **__: object) -> int:
    """Scores of every query with every key, and the sum of values: shapes (..., length, width)."""
    return 2 * prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _matrix_vector(matrix: Shape, vector: Shape, *_: object, **__: object) -> int:
    return 2 * prod(matrix)


def _added_matrix_vector(_: object, matrix: Shape, *__: object, **___: object) -> int:
    return 2 * prod(matrix)


def _added_products(_: object, first: Shape, second: Shape, **__: object) -> int:
    return 2 * prod(first) * second[-1]


def _deformable(_: object, weight: Shape, *__: object, out_shape: Shape, **___: object) -> int:
    """The convolution over the sampled points; the sampling itself multiplies no weights."""
    return 2 * out_shape[0] * prod(out_shape[2:]) * prod(weight)


# Operators for which torch's own counter has no formula; which ones depends on its release.
_FORMULAS: dict[str, Callable[..., int]] = {
    "aten::_scaled_dot_product_flash_attention_for_cpu": _attention,
    "aten::_scaled_dot_product_cudnn_attention": _attention,
    "aten::_scaled_dot_product_fused_attention_overrideable": _attention,
    "aten::mv": _matrix_vector,
    "aten::dot": _matrix_vector,
    "aten::addmv": _added_matrix_vector,
    "aten::addbmm": _added_products,
    "torchvision::deform_conv2d": _deformable,
}


def _missing_formulas() -> dict[Any, Callable[..., int]]:
    found: dict[Any, Callable[..., int]] = {}
    for name, formula in _FORMULAS.items():
        namespace, _, operator = name.partition("::")
        packet = getattr(getattr(torch._ops.ops, namespace), operator, None)
        if packet is not None and packet not in flop_registry:
            found[packet] = formula
    return found
