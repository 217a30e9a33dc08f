"""Does training lower upstream's own loss?"""

import math

import torch

from ...measure.batches import make_batch
from ...protocol.findings import failed, passed, skipped
from ...thresholds import LEARNING_RATE, LEARNING_STEPS, LEAST_LEARNT
from ..rules import Rules

_CLIP = 10.0  # the gradient's norm: upstream's own trainers clip there


RULES = Rules()


def check(subject):
    """Fail where a few optimiser steps on one fixed batch do not lower upstream's own loss, or it is not finite."""
    batch = make_batch(subject)
    if batch is None:
        return skipped(f"there is no synthetic batch for the task {subject.upstream.task(subject.data)}")
    losses = _losses(subject, batch)
    evidence = {
        "losses": [round(loss, 5) if math.isfinite(loss) else str(loss) for loss in losses],
        "optimiser": "AdamW",
        "learning_rate": LEARNING_RATE,
        "clip": _CLIP,
        "images": len(batch["img"]),
        "side": subject.side,
        "least_learnt": LEAST_LEARNT,
    }
    if not math.isfinite(losses[-1]):
        return failed(
            f"upstream's loss on one batch is {losses[-1]} at step {len(losses)}",
            "look for a signal that grows with every layer, a division by zero, or memory that nobody initialised",
            **evidence,
        )
    learnt = (losses[0] - losses[-1]) / abs(losses[0])  # a loss of likelihoods may be negative
    said = f"upstream's loss goes from {losses[0]:.4g} to {losses[-1]:.4g} in {LEARNING_STEPS} steps on one batch"
    if learnt < LEAST_LEARNT:
        return failed(
            f"{said}: not {LEAST_LEARNT:.0%} lower",
            "see gradient-flow: what reaches the loss may not be what the layers compute, or may be of a wrong size",
            **evidence,
        )
    return passed(said, **evidence)


def _losses(subject, batch):
    """Return the loss before each step and after the last; it ends early at one that is not finite."""
    model = subject.fresh().train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.0)
    losses = []
    for _ in range(LEARNING_STEPS):
        loss = subject.upstream.loss(model, batch)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            return losses
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, _CLIP)
        optimiser.step()
    with torch.no_grad():
        return [*losses, subject.upstream.loss(model, batch).item()]
