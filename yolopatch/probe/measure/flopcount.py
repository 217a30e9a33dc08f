"""Count what a model really computes: the operators that torch dispatches, whoever calls them."""

from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils.flop_counter import FlopCounterMode, flop_registry

CONVOLUTION, PRODUCT = "convolution", "product"


@dataclass(frozen=True)
class Flops:
    """Floating point operations of one run: two for each multiply and add, nothing else counted.

    Attributes:
        total: of the whole model.
        own: by module name, then by kind (`convolution` or `product`): what a module computes itself, outside the
            modules that it calls.
    """

    total: int
    own: dict


@torch.no_grad()
def count_flops(model, x):
    """Run a model once, in the mode that it is in, and count its convolutions, matrix products and attention."""
    with _attention_in_parts(), FlopCounterMode(display=False, custom_mapping=_missing_formulas()) as counter:
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


@contextmanager
def _attention_in_parts():
    """Let torch's attention modules dispatch their products one by one, not as one operator that nobody counts."""
    fast = getattr(torch.backends, "mha", None)
    if fast is None:  # a release that has no such switch
        yield
        return
    before = fast.get_fastpath_enabled()
    fast.set_fastpath_enabled(False)
    try:
        yield
    finally:
        fast.set_fastpath_enabled(before)


class _Book:
    """Books what is counted between the beginning and the end of a module's forward to that module."""

    def __init__(self, model, counter):
        self._names = {module: name for name, module in model.named_modules()}
        self._counter = counter
        self._open = []
        self.own = defaultdict(Counter)

    def enter(self, module, _):
        self._open.append((module, self._so_far(), Counter()))

    def leave(self, module, *_):
        opened = None
        while opened is not module:  # above it may lie modules that an exception left
            opened, before, inside = self._open.pop()
        whole = self._so_far() - before
        if whole - inside:
            self.own[self._names.get(module, type(module).__name__)] += whole - inside
        if self._open:
            self._open[-1][2].update(whole)

    def _so_far(self):
        found = Counter()
        for operator, flops in self._counter.get_flop_counts().get("Global", {}).items():
            found[CONVOLUTION if "conv" in str(operator) else PRODUCT] += flops
        return found


def _attention(query, key, value, *_, **__):
    """Scores of every query with every key, and the sum of values: shapes (..., length, width)."""
    return 2 * prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _matrix_vector(matrix, vector, *_, **__):
    return 2 * prod(matrix)


def _added_matrix_vector(_, matrix, *__, **___):
    return 2 * prod(matrix)


def _added_products(_, first, second, **__):
    return 2 * prod(first) * second[-1]


def _deformable(_, weight, *__, out_shape, **___):
    """The convolution over the sampled points; what the sampling itself costs is no multiply and add of weights."""
    return 2 * out_shape[0] * prod(out_shape[2:]) * prod(weight)


# Leaves of torch's dispatcher that its own counter has no formula for; which ones depends on its release.
_FORMULAS = {
    "aten::_scaled_dot_product_flash_attention_for_cpu": _attention,
    "aten::_scaled_dot_product_cudnn_attention": _attention,
    "aten::_scaled_dot_product_fused_attention_overrideable": _attention,
    "aten::mv": _matrix_vector,
    "aten::dot": _matrix_vector,
    "aten::addmv": _added_matrix_vector,
    "aten::addbmm": _added_products,
    "torchvision::deform_conv2d": _deformable,
}


def _missing_formulas():
    found = {}
    for name, formula in _FORMULAS.items():
        namespace, _, operator = name.partition("::")
        packet = getattr(getattr(torch.ops, namespace), operator, None)
        if packet is not None and packet not in flop_registry:
            found[packet] = formula
    return found
