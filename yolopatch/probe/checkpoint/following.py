"""Whether upstream's EMA, which it validates and saves, becomes what the training makes of a model."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from ..explain.cause import Cause
from ..losses.users_code import CodeFailed, users_code
from ..tensors.models import UpstreamModel
from ..tensors.plain_tensors import attributes, same_values
from ..tensors.tensors import distance, layer_index, layer_name, layer_outputs, module_name
from ..thresholds import SAME_FUNCTION
from ..upstreams.upstream import Upstream

_STEPS = 3
_WEIGHT_OF_OLD = 1e-30  # of an average: nothing is left of the old values, and an infinity stays one
_FACTOR, _SHIFT = 1.01, 1e-3  # for every parameter: a zero moves, too
_BUFFER_HINT = "keep what training changes in a buffer of floats (register_buffer): the EMA and a checkpoint have it"


@torch.no_grad()
def not_followed(upstream: Upstream, model: UpstreamModel, batch: Any, x: Tensor) -> Cause | None:
    """Return what upstream's EMA of a model does not take over from it; None where it takes over all that counts.

    Args:
        upstream: where the EMA comes from.
        model: one that was just built and never ran in eval; it is changed.
        batch: see `measure.batches.make_batch`; None for a task without one.
        x: images, on which both are compared.
    """
    ema = importlib.import_module(f"{upstream.prefix}utils.torch_utils").ModelEMA(model)
    try:
        with users_code():
            _train(upstream, model, batch)
    except CodeFailed:
        return None  # other checks say why it cannot train
    ema.decay = lambda updates: _WEIGHT_OF_OLD
    try:
        ema.update(model)
    except KeyError as error:
        return Cause(
            f"upstream's EMA has {error.args[0]}, and the model in training has not: they differ in their tensors",
            "let train() and eval() make and delete no tensors",
        )
    gone = sorted(ema.ema.state_dict().keys() ^ model.state_dict().keys())
    followed, trained = (layer_outputs(one.eval(), x)[0] for one in (ema.ema, model))
    index = next((i for i in trained if distance(followed[i], trained[i]) > SAME_FUNCTION), None)
    if index is None:
        return None
    reasons = chain(_other_tensors(gone, index), _reasons(ema.ema, model, index))
    what, remedy = next(reasons, ("", "let what it computes follow from its state dict"))
    return Cause(
        f"upstream's EMA, which it validates and saves, is not what was trained: the output of "
        f"{layer_name(model, index)} differs{what}",
        remedy,
    )


def _train(upstream: Upstream, model: UpstreamModel, batch: Any) -> None:
    for _ in range(_STEPS):
        if batch is not None:
            upstream.outputs(model.train(), batch)
        for parameter in model.parameters():
            parameter.mul_(_FACTOR).add_(_SHIFT)


def _other_tensors(names: Sequence[str], index: int) -> Iterator[tuple[str, str]]:
    """Yield that a layer has other tensors in eval, as `_reasons` does."""
    yield from (
        (f": {name} is there in train or in eval alone", "let train() and eval() make and delete no tensors")
        for name in names
        if layer_index(name) == index
    )


def _reasons(ema: UpstreamModel, model: UpstreamModel, index: int) -> Iterator[tuple[str, str]]:
    """Yield what of a layer the EMA does not follow, as the end of a sentence, with its remedy."""
    old, new = ema.state_dict(), model.state_dict()
    for name in old.keys() & new.keys():
        if layer_index(name) != index or same_values(old[name], new[name]) or old[name].is_floating_point():
            continue
        if old[name].is_complex():
            yield (
                f": {name} is complex, and the EMA averages real numbers only",
                "keep it as real numbers with a last axis of 2, and use torch.view_as_complex(parameter) in forward",
            )
        elif not name.endswith(".num_batches_tracked"):
            yield f": {name} holds {old[name].dtype}, and the EMA averages floats only", _BUFFER_HINT
    modules = dict(ema.model[index].named_modules())
    for path, module in model.model[index].named_modules():
        before = dict(attributes(modules[path])) if path in modules else {}
        for key, value in attributes(module):
            other = before.get(key)
            if isinstance(value, (int, float)) and isinstance(other, (int, float)) and value != other:
                full = f"{module_name(index, path)}.{key}"
                yield f": {full} is {value:.4g} after {_STEPS} steps, and {other:.4g} in the EMA", _BUFFER_HINT
            elif isinstance(value, Tensor) and isinstance(other, Tensor) and not same_values(value, other):
                yield f": {module_name(index, path)}.{key} is a tensor, and no buffer", _BUFFER_HINT
