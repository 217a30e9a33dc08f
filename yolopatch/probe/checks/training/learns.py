"""Does training lower upstream's own loss?"""

from __future__ import annotations

import math
from typing import Any

import torch

from ...build.subject import Subject
from ...measure.batches import make_batch
from ...protocol.findings import Finding, failed, passed, skipped
from ...thresholds import LEARNING_RATE, LEARNING_STEPS, LEAST_LEARNT
from ..rules import Rules
from ..wording import NOT_FINITE_HINT, no_batch

_CLIP = 10.0  # the gradient's norm: upstream's own trainers clip at this value

RULES = Rules()


def check(subject: Subject) -> Finding:
    """Fail where a few optimiser steps on one fixed batch do not lower upstream's own loss, or it is not finite."""
    batch = make_batch(subject)
    if batch is None:
        return skipped(no_batch(subject.upstream.task(subject.data)))
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
            f"upstream's loss on one batch is {losses[-1]} at step {len(losses)}", NOT_FINITE_HINT, **evidence
        )
    learnt = (losses[0] - losses[-1]) / abs(losses[0])  # a loss of likelihoods may be negative
    change = f"upstream's loss goes from {losses[0]:.4g} to {losses[-1]:.4g} in {LEARNING_STEPS} steps on one batch"
    if learnt < LEAST_LEARNT:
        return failed(
            f"{change}: it must be at least {LEAST_LEARNT:.0%} lower",
            "see gradient-flow: gradients may not reach the layers, or may be far too small or too large",
            **evidence,
        )
    return passed(change, **evidence)


def _losses(subject: Subject, batch: dict[str, Any]) -> list[float]:
    """Return the loss before each step and after the last; the list ends at a loss that is not finite."""
    model = subject.fresh().train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.0)
    losses: list[float] = []
    for _ in range(LEARNING_STEPS):
        loss = subject.upstream.loss(model, batch)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            return losses
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        torch.nn.utils.clip_grad_norm_(parameters, _CLIP)
        optimiser.step()
    with torch.no_grad():
        return [*losses, subject.upstream.loss(model, batch).item()]
