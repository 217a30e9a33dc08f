"""How much memory do a training step and a forward take, beside the base? This check measures; it never fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...build.subject import Subject
from ...explain.raising import first_line
from ...measure.batches import make_batch
from ...measure.memory import Memory, inference_memory, training_memory, without_values
from ...protocol.findings import Finding, passed, skipped
from ...tensors.models import UpstreamModel
from ...tensors.tensors import layer_name, seed_all
from ..evidence import sample
from ..rules import Rules
from ..wording import NO_BASE, no_batch

_IMAGES = 2  # of the training step: what more images take, beside the weights and their gradients, grows with them
_HOW = (
    "bytes of all tensors that are alive at the same time: weights, gradients and activations; not the optimiser's "
    "state, nor what torch's operators need inside"
)

RULES = Rules(asks_base=False)


@dataclass(frozen=True)
class _Measured:
    """The memory of a training step and of a forward, at one side in pixels; `real` where tensors had values."""

    training: Memory
    inference: Memory
    side: int
    real: str = ""

    def data(self, model: UpstreamModel) -> dict[str, Any]:
        kept = [{"layer": layer_name(model, i), "bytes": size} for i, size in self.training.kept.items()]
        largest = self.largest
        return {
            "training_bytes": self.training.peak,
            "inference_bytes": self.inference.peak,
            "largest": {"layer": largest.layer, "shape": largest.shape, "bytes": largest.bytes} if largest else None,
            "kept_for_backward": sample(kept, "layers"),
        }

    @property
    def largest(self) -> Any:
        return self.training.largest


def check(subject: Subject) -> Finding:
    """Measure a training step of two images and a forward of one at the real image size, of the model and its base."""
    if make_batch(subject) is None:
        return skipped(no_batch(subject.upstream.task(subject.data)))
    try:
        found = _measure(subject)
    except Exception as error:  # the model's code may raise anything; `gradient-flow` and `learns` report it
        return skipped(f"a training step cannot be measured: {type(error).__name__}: {first_line(error)[:160]}")
    base = None if subject.base is None else _measure_base(subject, found.side)
    evidence: dict[str, Any] = {
        "side": found.side,
        "images": {"training": _IMAGES, "inference": 1},
        "how": _HOW,
        "model": found.data(subject.model),
    }
    if found.real:
        evidence["not_at_the_real_size"] = found.real
    if subject.base is not None and base is not None:
        evidence["base"] = base.data(subject.base)
    return passed(_told(subject, found, base), **evidence, **_allocated(subject, found.side))


def _told(subject: Subject, found: _Measured, base: _Measured | None) -> str:
    def beside(own: Memory, other: Memory | None) -> str:
        if other is None:
            return megabytes(own.peak)
        return f"{megabytes(own.peak)} ({own.peak / other.peak:.2f} times the base's {megabytes(other.peak)})"

    told = (
        f"tensors of a training step of {_IMAGES} images of {found.side} px take "
        f"{beside(found.training, base.training if base else None)}, of inference of one "
        f"{beside(found.inference, base.inference if base else None)}"
    )
    if found.largest is not None:
        shape = " x ".join(map(str, found.largest.shape))
        told += f"; the largest is {layer_name(subject.model, found.largest.layer)}'s: {shape}"
        told += f", {megabytes(found.largest.bytes)}"
    if found.real:
        told += f"; not measured at {subject.imgsz} px: {found.real}"
    return told if base else f"{told}; {NO_BASE} to compare with" if subject.base is None else told


def megabytes(size: int) -> str:
    """Return bytes in words: `12.3 MB`, `1,234 MB`."""
    return f"{size / 1e6:,.1f} MB" if size < 100e6 else f"{size / 1e6:,.0f} MB"


def _measure(subject: Subject) -> _Measured:
    """Measure in tensors without values, at the real size; where the model's code needs values, at a small one."""
    try:
        return _at(subject, subject.fresh, subject.imgsz, real="")
    except Exception as error:  # the model's code may need values in any way: then fake tensors raise
        reason = f"its code needs the values of tensors ({type(error).__name__}: {first_line(error)[:120]})"
        return _at(subject, subject.fresh, subject.side, real=reason)


def _measure_base(subject: Subject, side: int) -> _Measured | None:
    """Measure the base at the side at which the model was measured; None where the batch is not for it."""
    try:
        return _at(subject, subject.fresh_base, side, real="")
    except Exception:  # as in _measure; a base of another head may need another batch
        return None


def _at(subject: Subject, copy: Callable[[], UpstreamModel], side: int, real: str) -> _Measured:
    batch, model, criterion = make_batch(subject, count=_IMAGES, side=side), copy(), copy()
    assert batch is not None
    images: tuple[Tensor, ...] = (batch["img"][:1].clone(), batch["img"])
    if not real:
        images = without_values(model, *images)
    one, several = images
    inference = inference_memory(model, one)
    training = training_memory(
        model,
        several,
        lambda: subject.upstream.outputs(model, {**batch, "img": several}),
        lambda outputs: subject.upstream.loss_of(criterion.train(), outputs, batch)[0],
    )
    return _Measured(training, inference, side, real)


def _allocated(subject: Subject, side: int) -> dict[str, Any]:
    """Return what the allocator of a GPU held at its peak; nothing on a CPU, which has no such figure."""
    if subject.device.type != "cuda":
        return {}
    batch = make_batch(subject, count=_IMAGES, side=side)
    assert batch is not None
    seed_all(0)
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated(subject.device)
    torch.cuda.reset_peak_memory_stats(subject.device)
    try:
        loss = subject.upstream.loss(subject.fresh().train(), batch)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
    except torch.cuda.OutOfMemoryError as error:
        return {"gpu_training": f"does not fit: {first_line(error)[:200]}"}
    return {"gpu_training_bytes": torch.cuda.max_memory_allocated(subject.device) - before}
