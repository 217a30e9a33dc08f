"""How much memory the tensors of a model take at the same time, without taking it.

Torch's fake tensors have shapes, types and a history of gradients, but no values: a model of any size runs in them.
Only upstream's loss, which reads values, gets real tensors of the shapes that the model returned.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from ..tensors.calls import mapped
from ..tensors.models import Layer, UpstreamModel
from ..tensors.tensors import tensors


@dataclass(frozen=True)
class LargestTensor:
    """The largest tensor that a layer makes: the layer's index, the shape, and the bytes."""

    layer: int
    shape: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class Memory:
    """The memory of one run.

    Attributes:
        peak: bytes of all tensors that were alive at the same time, weights included.
        largest: None for a model without layers that make tensors.
        kept: bytes that were alive after the forward, by the index of the layer that made them.
    """

    peak: int
    largest: LargestTensor | None
    kept: Mapping[int, int]


def inference_memory(model: UpstreamModel, x: Tensor) -> Memory:
    """Return the memory of one forward in eval without gradients; the model is changed (its mode, what it keeps)."""
    model.eval()
    with torch.no_grad(), _followed(model, x) as live:
        result = model(x)
        kept = live.by_layer()
        del result
    return Memory(live.peak, live.largest, kept)


def prediction_peak(model: UpstreamModel, x: Tensor) -> int:
    """Return the peak of one forward in bytes, without taking it where the model's code needs no values.

    The model is not changed.
    """
    copy = deepcopy(model)
    try:
        (fake,) = without_values(copy, x)
        return inference_memory(copy, fake).peak
    except Exception:  # the model's code may need the values of tensors in any way: then fake tensors raise
        return inference_memory(deepcopy(model), x).peak


def training_memory(
    model: UpstreamModel, x: Tensor, outputs_of: Callable[[], Any], loss_of: Callable[[Any], Tensor]
) -> Memory:
    """Return the memory of a forward, upstream's loss, and a backward; the model is changed.

    Args:
        model: of real or of fake tensors.
        x: the images, of the model's kind of tensors.
        outputs_of: runs the model in train mode, and gives what the loss takes.
        loss_of: gives upstream's loss of outputs that are real.
    """
    model.train()
    with _followed(model, x) as live:
        outputs = outputs_of()
        live.layer = None
        kept = live.by_layer()
        pairs = _with_gradients(outputs, loss_of)
        del outputs
        torch.autograd.backward([t for t, _ in pairs], [gradient for _, gradient in pairs])
    return Memory(live.peak, live.largest, kept)


def _with_gradients(outputs: Any, loss_of: Callable[[Any], Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Return each output that the loss depends on, with its gradient."""
    given = mapped(_noise, outputs)
    loss = loss_of(given)
    loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
    return [
        (output, torch.empty_like(output))
        for output, own in zip(tensors(outputs), tensors(given))
        if own.grad is not None and output.requires_grad
    ]


def _noise(tensor: Tensor) -> Tensor:
    """Return a real tensor of the same shape, on the same device, of numbers from 0 to 1, which any loss takes.

    What is not floating point has values already: RT-DETR's numbers of queries come from the labels.
    """
    if not tensor.is_floating_point():
        return tensor
    generator = torch.Generator().manual_seed(0)
    return torch.rand(tensor.shape, generator=generator).to(tensor.device).requires_grad_()


def without_values(model: UpstreamModel, *images: Tensor) -> tuple[Tensor, ...]:
    """Make the parameters and buffers of a model fake, and return the images as fake tensors.

    Tensors that are neither stay real; an operator with a fake tensor among its arguments gives fake tensors.
    """
    mode: Any = FakeTensorMode(allow_non_fake_inputs=True)  # type: ignore[no-untyped-call]  # torch has no types for it
    made: dict[Tensor, Tensor] = {}

    def fake(tensor: Tensor) -> Tensor:
        if tensor not in made:
            made[tensor] = mode.from_tensor(tensor)
        return made[tensor]

    for module in model.modules():
        owned: tuple[dict[str, Any], ...] = (module._parameters, module._buffers)
        for held in owned:
            held.update({name: fake(tensor) for name, tensor in held.items() if tensor is not None})
    return tuple(fake(x) for x in images)


@contextmanager
def _followed(model: UpstreamModel, x: Tensor) -> Iterator[_Live]:
    """Follow the tensors of a run; those of the model and the images count from the start."""
    live = _Live()
    for tensor in (*model.parameters(), *model.buffers(), x):
        live.note(tensor)

    def enter(layer: Layer, _: object) -> None:
        live.layer = layer.i

    def leave(owner: nn.Module, *_: object) -> None:
        live.layer = None

    handles = [layer.register_forward_pre_hook(enter) for layer in model.model]
    handles.append(model.register_forward_hook(leave))
    try:
        with live:
            yield live
    finally:
        for handle in handles:
            handle.remove()


class _Live(TorchDispatchMode):
    """Sums the bytes of the storages that are alive: each counts from the operator that made it until torch frees it.

    Attributes:
        peak: the largest sum so far.
        layer: the layer that runs, None between layers.
        largest: the largest tensor that a layer made.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch has no types for it
        self.peak = 0
        self.layer: int | None = None
        self.largest: LargestTensor | None = None
        self._now = 0
        self._alive: dict[int, tuple[weakref.ref[Any], int | None, int]] = {}

    def note(self, tensor: Tensor) -> None:
        """Count the storage of a tensor, if it is a new one."""
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._alive or not size:
            return

        def freed(_: object) -> None:
            self._now -= size
            del self._alive[key]

        self._alive[key] = (weakref.ref(storage, freed), self.layer, size)
        self._now += size
        self.peak = max(self.peak, self._now)
        if self.layer is not None and (self.largest is None or size > self.largest.bytes):
            self.largest = LargestTensor(self.layer, tuple(tensor.shape), size)

    def by_layer(self) -> dict[int, int]:
        """Return the bytes that are alive, by the layer that made them; largest first."""
        found: Counter[int] = Counter()
        for _, layer, size in self._alive.values():
            if layer is not None:
                found[layer] += size
        return dict(found.most_common())

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in tree_flatten(result)[0]:
            if isinstance(value, Tensor):
                self.note(value)
        return result
