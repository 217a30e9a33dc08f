"""Does a second identical run give the same bits, with deterministic algorithms switched on?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ...build.subject import Subject
from ...measure.batches import make_batch
from ...protocol.findings import Finding, failed, passed
from ...tensors.models import UpstreamModel
from ...tensors.plain_tensors import plain_tensors, same_values
from ...tensors.tensors import layer_name, layer_outputs, seed_all, tensors
from ..evidence import SHOWN
from ..finiteness import describe_not_finite, first_not_finite
from ..rules import Rules

_WARNING = "deterministic implementation"  # in torch's warning about an operator without one
_NUMBERS = (bool, int, float)

RULES = Rules()


def check(subject: Subject) -> Finding:
    """Fail where eval or training steps differ between two runs, or eval changes the model's own state.

    Nothing is seeded between the eval runs, and another image runs between them: a model in eval has no memory.
    In this mode torch fills uninitialised memory with NaN, so that its use shows.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)  # `verification` switches it off again
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        problems = {"eval": _eval_problem(subject), "train": _train_problem(subject)}
    texts = [str(warning.message) for warning in caught]
    operators = list(dict.fromkeys(text.splitlines()[0] for text in texts if _WARNING in text))
    evidence = {**{name: problem or "ok" for name, problem in problems.items()}, "operators": operators[:SHOWN]}
    found = [f"in {name}, {problem}" for name, problem in problems.items() if problem]
    if found:
        named = f" (torch names: {'; '.join(operators[:3])})" if operators else ""
        return failed(
            "; ".join(found) + named,
            "draw random numbers in train mode only and from torch, keep no state between calls in eval, and "
            "initialise every tensor that forward makes",
            **evidence,
        )
    exceptions = f"; {len(operators)} operators have no deterministic implementation" if operators else ""
    return passed(f"two runs are equal bit by bit, in eval and in training{exceptions}", **evidence)


@torch.no_grad()
def _eval_problem(subject: Subject) -> str:
    """Run an image, another, and the first again; return what differs, in one clause."""
    model, x = subject.calibrated, subject.images()
    first = _outputs(model, x)
    state = _state(model)
    model(subject.images(seed=8))
    second = _outputs(model, x)
    different = next((i for i in first if not _same(first[i], second[i])), None)
    if different is not None:
        return f"the output of {layer_name(model, different)} differs the second time"
    wild = first_not_finite(first)
    if wild is not None:
        return f"{describe_not_finite(model, wild)}: does it read uninitialised memory?"
    now = _state(model)
    changed = [name for name in now if name not in state or not _kept(state[name], now[name])]
    return f"a forward changes {', '.join(changed[:3])}" if changed else ""


def _outputs(model: UpstreamModel, x: Tensor) -> dict[int, list[Tensor]]:
    return {index: [t.clone() for t in tensors(output)] for index, output in layer_outputs(model, x)[0].items()}


def _same(found: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
    return len(found) == len(expected) and all(same_values(a, b) for a, b in zip(found, expected))


def _state(model: UpstreamModel) -> dict[str, Tensor | float]:
    """Return copies of every tensor and number that the model holds, by name."""
    held = dict(model.state_dict(keep_vars=False))
    held |= {f"model.{i}.{name}": t for i, layer in enumerate(model.model) for name, _, t in plain_tensors(layer)}
    copies: dict[str, Tensor | float] = {name: tensor.detach().clone() for name, tensor in held.items()}
    for path, module in model.named_modules():
        copies |= {f"{path}.{key}": value for key, value in vars(module).items() if isinstance(value, _NUMBERS)}
    return copies


def _kept(before: Tensor | float, now: Tensor | float) -> bool:
    if isinstance(before, Tensor) or isinstance(now, Tensor):
        return isinstance(before, Tensor) and isinstance(now, Tensor) and same_values(before, now)
    return before == now


def _train_problem(subject: Subject) -> str:
    """Take the loss and the gradients of two copies; return what differs, in one clause."""
    batch, same_batch = make_batch(subject), make_batch(subject)
    if batch is None or same_batch is None:
        return ""
    (loss, gradients), (second_loss, second_gradients) = _step(subject, batch), _step(subject, same_batch)
    if not same_values(loss, second_loss):
        return f"the loss is {float(loss):.9g}, then {float(second_loss):.9g}"
    different = [name for name in gradients if not _same_gradient(gradients[name], second_gradients[name])]
    return f"{len(different)} of {len(gradients)} gradients differ, first {different[0]}" if different else ""


def _step(subject: Subject, batch: dict[str, Any]) -> tuple[Tensor, dict[str, Tensor | None]]:
    """Return the loss and the gradients, by name, of a copy of the model."""
    model = subject.fresh().train()
    seed_all(0)
    loss = subject.upstream.loss(model, batch)
    loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
    return loss.detach(), {name: p.grad for name, p in model.named_parameters() if p.requires_grad}


def _same_gradient(found: Tensor | None, expected: Tensor | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return same_values(found, expected)
