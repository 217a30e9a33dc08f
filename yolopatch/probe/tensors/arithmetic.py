"""How torch computes: so that results can be compared, or as fast as it does when nobody tells it otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch


class _Arithmetic(NamedTuple):
    """Whether convolutions and matrix products may round to TF32, and whether only equal results may come back."""

    convolutions: bool
    products: bool
    deterministic: bool


def _present() -> _Arithmetic:
    cudnn = torch.backends.cudnn
    return _Arithmetic(cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32, cudnn.deterministic)


def _set(arithmetic: _Arithmetic) -> None:
    torch.backends.cudnn.allow_tf32 = arithmetic.convolutions
    torch.backends.cuda.matmul.allow_tf32 = arithmetic.products
    torch.backends.cudnn.deterministic = arithmetic.deterministic


_USUAL = _present()  # torch's own settings, or those that upstream makes when it is imported
_COMPARABLE = _Arithmetic(convolutions=False, products=False, deterministic=True)


def compute_comparably() -> None:
    """Compute in float32 on a GPU, too, and the same each time: TF32 alone changes a layer by a thousandth."""
    _set(_COMPARABLE)


@contextmanager
def as_usual() -> Iterator[None]:
    """Compute as torch does for a user, where only the time matters."""
    before = _present()
    _set(_USUAL)
    try:
        yield
    finally:
        _set(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on the CPU by one thread: several add up in another order, which rounds in another way."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
