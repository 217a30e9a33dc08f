"""What RT-DETR's loss reads: the boxes and scores of each query, as upstream matches them with objects."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..tensors.models import UpstreamModel
from ..tensors.tensors import seed_all
from ..upstreams.upstream import Upstream
from .users_code import users_code

_READ = ("pred_bboxes", "pred_scores")  # the first two inputs of what matches queries with objects
_SEEDS = (0, 1)  # of the noise in the labels; what the loss matches does not depend on it


@torch.no_grad()
def read_queries(upstream: Upstream, model: UpstreamModel, batch: dict[str, Any]) -> tuple[Tensor, Tensor] | None:
    """Return the boxes of the first image that the loss matches with objects, and their scores.

    Args:
        upstream: ultralytics.
        model: a built model in eval.
        batch: see `batches.make_batch`.

    Returns:
        Centre and size in pixels, shape (layers, queries, 4), and the scores of every class from 0 to 1, (layers,
        queries, classes), of each layer whose queries are matched; None where none are, or others each time.

    Raises:
        CodeFailed: the model's code, or the loss, raised.
    """
    with _training(model):
        first, second = (_matched(upstream, model, batch, seed) for seed in _SEEDS)
    if first is None or second is None or not all(map(torch.equal, first, second)):
        return None
    boxes, scores = second
    return boxes * batch["img"].shape[-1], scores.sigmoid()


@contextmanager
def _training(model: UpstreamModel) -> Iterator[None]:
    """Let a model and what its head is made of train, but no layer: norms and dropouts stay as in a prediction."""
    parts = [part for part in model.model[-1].modules() if next(part.children(), None) is not None]
    switched = [part for part in (model, *parts) if not part.training]
    try:
        for part in switched:
            part.training = True
        yield
    finally:
        for part in switched:
            part.training = False


def _matched(
    upstream: Upstream, model: UpstreamModel, batch: dict[str, Any], seed: int
) -> tuple[Tensor, Tensor] | None:
    """Return what upstream's loss matches with objects in the first image: boxes and scores as they are."""
    boxes: list[Tensor] = []
    scores: list[Tensor] = []

    def keep(module: nn.Module, args: tuple[Any, ...]) -> None:
        if len(args) > 2 and tuple(inspect.signature(module.forward).parameters)[:2] == _READ:
            boxes.append(args[0][0].detach().clone())
            scores.append(args[1][0].detach().clone())

    hook = nn.modules.module.register_module_forward_pre_hook(keep)
    try:
        seed_all(seed)
        with users_code():
            upstream.loss(model, batch)
    finally:
        hook.remove()
    alike = len({tuple(found.shape) for found in boxes}) == 1 and len({tuple(found.shape) for found in scores}) == 1
    return (torch.stack(boxes), torch.stack(scores)) if alike else None
