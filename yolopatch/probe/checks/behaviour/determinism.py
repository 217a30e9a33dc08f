"""Does a second identical run give the same bits, with deterministic algorithms asked for?"""

import warnings

import torch

from ...measure.batches import make_batch
from ...protocol.findings import failed, passed
from ...tensors.plain_tensors import plain_tensors, same_values
from ...tensors.tensors import is_finite, layer_name, layer_outputs, seed_all, tensors
from ..rules import Rules

_SHOWN = 20
_TELLS = "deterministic implementation"  # in torch's warning about an operator that has none
_NUMBERS = (bool, int, float)


RULES = Rules()


def check(subject):
    """Fail where eval or training steps differ between two runs, or eval changes the model's own state.

    Nothing is seeded between the eval runs, and another image runs between them: a model in eval has no memory.
    In this mode torch fills memory that nobody initialised with NaN, so its use shows.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)  # the runner takes it back
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        problems = {"eval": _eval_problem(subject), "train": _train_problem(subject)}
    named = list(dict.fromkeys(str(w.message).splitlines()[0] for w in caught if _TELLS in str(w.message)))
    evidence = {**{name: problem or "ok" for name, problem in problems.items()}, "operators": named[:_SHOWN]}
    found = [f"in {name}, {problem}" for name, problem in problems.items() if problem]
    if found:
        operators = f" (torch names: {'; '.join(named[:3])})" if named else ""
        return failed(
            "; ".join(found) + operators,
            "draw random numbers in train mode only and from torch, keep no state between calls in eval, and "
            "initialise every tensor that forward makes",
            **evidence,
        )
    told = f"; {len(named)} operators have no deterministic implementation" if named else ""
    return passed(f"two runs are equal bit by bit, in eval and in training{told}", **evidence)


@torch.no_grad()
def _eval_problem(subject):
    """Run an image, another, and the first again; return what differs, in one clause."""
    model, x = subject.calibrated, subject.images()
    first = _outputs(model, x)
    state = _state(model)
    model(subject.images(seed=8))
    second = _outputs(model, x)
    different = next((i for i in first if not _same(first[i], second[i])), None)
    if different is not None:
        return f"the output of {layer_name(model, different)} is another the second time"
    wild = next((i for i in first if not is_finite(first[i])), None)
    if wild is not None:
        return f"{layer_name(model, wild)} is not finite: does it read memory that is not set?"
    now = _state(model)
    changed = [name for name in now if name not in state or not _kept(state[name], now[name])]
    return f"a forward changes {', '.join(changed[:3])}" if changed else ""


def _outputs(model, x):
    return {index: [t.clone() for t in tensors(output)] for index, output in layer_outputs(model, x)[0].items()}


def _same(found, expected):
    return len(found) == len(expected) and all(same_values(a, b) for a, b in zip(found, expected))


def _state(model):
    """Return every tensor and number that the model holds, by name: copies."""
    held = dict(model.state_dict(keep_vars=False))
    held |= {f"model.{i}.{name}": t for i, layer in enumerate(model.model) for name, _, t in plain_tensors(layer)}
    copies = {name: tensor.detach().clone() for name, tensor in held.items()}
    for path, module in model.named_modules():
        copies |= {f"{path}.{key}": value for key, value in vars(module).items() if isinstance(value, _NUMBERS)}
    return copies


def _kept(before, now):
    return same_values(before, now) if isinstance(now, torch.Tensor) else before == now


def _train_problem(subject):
    """Take the loss and the gradients of two copies; return what differs, in one clause."""
    batch = make_batch(subject)
    if batch is None:
        return ""
    (loss, gradients), (again, others) = _step(subject), _step(subject)
    if not same_values(loss, again):
        return f"the loss is {float(loss):.9g}, then {float(again):.9g}"
    different = [name for name in gradients if not _same_gradient(gradients[name], others[name])]
    return f"{len(different)} of {len(gradients)} gradients differ, first {different[0]}" if different else ""


def _step(subject):
    """Return the loss and the gradients, by name, of a copy of one's own."""
    model = subject.fresh().train()
    seed_all(0)
    loss = subject.upstream.loss(model, make_batch(subject))
    loss.backward()
    return loss.detach(), {name: p.grad for name, p in model.named_parameters() if p.requires_grad}


def _same_gradient(found, expected):
    if found is None or expected is None:
        return found is expected
    return same_values(found, expected)
