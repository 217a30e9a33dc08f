"""Does upstream's own loss give every parameter a gradient?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from ...build.subject import Subject
from ...build.wiring import leads_to_head
from ...measure.batches import make_batch
from ...protocol.findings import Finding, failed, passed, skipped, warned
from ...tensors.models import UpstreamModel
from ...tensors.perturb import perturb_parameters
from ...tensors.tensors import calibrate, layer_index, layer_name
from ...thresholds import LEARNING_RATE
from ..evidence import SHOWN
from ..one_value import one_value_hint
from ..rules import Rules
from ..wording import NOT_FINITE_HINT, no_batch

_SEEDS = 6  # each switches a unit of a ReLU on with a chance of a half
_STEPS = 4  # of training: one more than zero layers that anybody puts in a row
_STEPS_IN_LARGE_IMAGES = 3
_LARGE = 16  # cells of the coarsest map: upstream's loss of a distribution over 16 values (DFL) begins at its mean, 7.5
_NONE, _ZERO, _NOT_FINITE, _ALIVE = "none", "zero", "not finite", "alive"

Batch = dict[str, Any]
Kinds = dict[str, str]
"""For each trainable parameter by name, one of the four kinds of gradient above."""
Groups = dict[str, list[str]]
"""The names of parameters by what is known of their gradients; the keys are those of the evidence."""

RULES = Rules()


def check(subject: Subject) -> Finding:
    """Fail where a parameter has no gradient, or exactly zero, both at initialisation and after all were changed.

    The loss is upstream's own, of the model in train mode, on noise images with objects of every size. Four kinds of
    missing gradient are noted, but are no failure: a parameter that has none in the same layer of the base model
    either; one that is zero at initialisation only; one that has one with another seed, as behind the few units of a
    narrow ReLU, all of which happen to be off; and one that BatchNorm cancels while it trains.
    """
    batch = make_batch(subject)
    if batch is None:
        return skipped(no_batch(subject.upstream.task(subject.data)))
    groups = _grouped(subject, batch)
    sizes = {name: p.numel() for name, p in subject.model.named_parameters() if p.requires_grad}
    evidence = _evidence(subject, groups, sizes)
    if groups["not_finite"]:
        doubled = groups.get("silent_in_float64")
        return failed(
            f"at initialisation {_share(groups['not_finite'], sizes)} get a gradient that is not finite"
            + (f"; in float64, {_share(doubled, sizes)} get none" if doubled else ""),
            NOT_FINITE_HINT,
            **evidence,
        )
    if groups["dead"]:
        return _failure(subject, groups, sizes, evidence)
    if groups["stays_at_zero"]:
        return failed(
            f"{_share(groups['stays_at_zero'], sizes)} get no gradient in {_STEPS} steps of training either: layers "
            f"that are zero at initialisation stand in series, at {_first_layer(subject, groups['stays_at_zero'])}",
            "initialise all but the last of them with other values than zero: their product never leaves zero",
            **evidence,
        )
    if groups["unused"]:
        return warned(
            f"{_share(groups['unused'], sizes)} get a gradient in some steps only: DDP would call them unused",
            "with DDP, train with find_unused_parameters=True",
            **evidence,
        )
    return passed(_summary(groups, sizes), **evidence)


def _grouped(subject: Subject, batch: Batch) -> Groups:
    """Sort the names of the parameters without a good gradient; each further trial runs only if it is needed."""
    first = _kinds(subject, subject.fresh(), batch)
    wild = _names(first, _NOT_FINITE)
    silent = _names(first, _NONE, _ZERO)
    if wild:
        return {
            "not_finite": wild,
            "silent_at_initialisation": silent,
            "silent_in_float64": _silent_in_double(subject, batch),
        }
    still = _silent_in_large_images(subject, _still_silent(subject, subject.fresh, silent))
    absorbed = _absorbed(subject, subject.fresh, batch, still)
    left = [name for name in still if name not in absorbed]
    dead = _silent_with_any_seed(subject, batch, left)
    upstreams = _dead_in_base(subject, batch, dead)
    waiting = [name for name in silent if name not in still]
    return {
        "not_finite": wild,
        "silent_at_initialisation": silent,
        "stays_at_zero": _silent_in_large_images(
            subject, _stay_at_zero(subject, batch, [n for n in waiting if _base_name(subject, n) is None])
        ),
        "dead": [name for name in dead if name not in upstreams],
        "unused": [name for name in silent if first[name] == _NONE and name not in upstreams],
        "zero_by_initialisation": waiting,
        "off_by_chance": [name for name in left if name not in dead],
        "absorbed_by_batchnorm": absorbed,
        "dead_in_the_base_too": upstreams,
    }


def _silent_in_double(subject: Subject, batch: Batch) -> list[str]:
    """Return the parameters without a gradient in float64: an overflow in float32 hides which gradients are zero.

    Empty where the model runs in float32 only.
    """
    doubled = {k: v.double() if isinstance(v, Tensor) and v.is_floating_point() else v for k, v in batch.items()}
    try:
        return _names(_kinds(subject, subject.fresh().double(), doubled), _NONE, _ZERO)
    except (RuntimeError, TypeError):  # it makes float32 tensors itself; a model need not run in float64
        return []


def _still_silent(subject: Subject, make: Callable[[], UpstreamModel], silent: Sequence[str]) -> list[str]:
    """Return the silent parameters that stay silent on other images after all parameters were changed."""
    batch = make_batch(subject, seed=4) if silent else None
    if batch is None:
        return []
    kinds = _kinds(subject, perturb_parameters(make()), batch)
    return [name for name in silent if kinds[name] in (_NONE, _ZERO)]


def _silent_with_any_seed(subject: Subject, batch: Batch, silent: Sequence[str]) -> list[str]:
    """Return those of the parameters that get no gradient with other seeds of the initial values either.

    All of a few units of a ReLU may be off with one seed, and training then moves what comes before them.
    """
    left = list(silent)
    for seed in range(1, _SEEDS + 1):
        if not left:
            break
        kinds = _kinds(subject, perturb_parameters(subject.build(seed=seed).to(subject.device)), batch)
        left = [name for name in left if kinds[name] in (_NONE, _ZERO)]
        if all(kinds[name] == _NONE for name in left):
            break  # forward reads none of them, whatever their values are
    return left


def _silent_in_large_images(subject: Subject, silent: Sequence[str]) -> list[str]:
    """Return the silent parameters without those of the head that get a gradient in large images, in a few steps.

    A loss assigns each object to a few positions, where the head's boxes are most like it. An untrained box is 15 cells
    wide, so that a coarse map gets no object in an image that has fewer of its cells.
    """
    head = f"model.{len(subject.rows) - 1}."
    waiting = [name for name in silent if name.startswith(head)]
    side = max(subject.imgsz, _LARGE * int(max(subject.model.stride)))
    batch = make_batch(subject, seed=5, side=side) if waiting else None
    if batch is None or side <= subject.side:
        return list(silent)
    left = _silent_while_training(subject, batch, waiting, _STEPS_IN_LARGE_IMAGES)
    return [name for name in silent if not name.startswith(head) or name in left]


def _stay_at_zero(subject: Subject, batch: Batch, waiting: Sequence[str]) -> list[str]:
    """Return those of the parameters that get no gradient in some steps of training.

    One step moves the last of several zero layers, and with it the next one gets a gradient.
    """
    return _silent_while_training(subject, batch, waiting, _STEPS) if waiting else []


def _silent_while_training(subject: Subject, batch: Batch, waiting: Sequence[str], steps: int) -> list[str]:
    """Return those of the parameters that get no gradient in any of some steps of training on one batch."""
    model = subject.fresh().train()
    trained = dict(model.named_parameters())
    optimiser = torch.optim.AdamW([p for p in trained.values() if p.requires_grad], lr=LEARNING_RATE, weight_decay=0.0)
    left = list(waiting)
    for _ in range(steps):
        optimiser.zero_grad()
        subject.upstream.loss(model, batch).backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        left = [name for name in left if _kind(trained[name].grad) in (_NONE, _ZERO)]
        if not left:
            break
        optimiser.step()
    return left


def _absorbed(subject: Subject, make: Callable[[], UpstreamModel], batch: Batch, silent: Sequence[str]) -> list[str]:
    """Return the silent parameters with a gradient once BatchNorm's statistics are fixed.

    A BatchNorm that trains subtracts the mean, and so cancels a bias before it.
    """
    if not silent:
        return []
    model = calibrate(perturb_parameters(make()), subject.calibration_images)
    kinds = _kinds(subject, model, batch, norms_train=False)
    return [name for name in silent if kinds[name] not in (_NONE, _ZERO)]


def _dead_in_base(subject: Subject, batch: Batch, dead: Sequence[str]) -> list[str]:
    """Return the dead parameters of layers that are not replaced and are dead in the base model, too."""
    names = {name: _base_name(subject, name) for name in dead}
    if not any(names.values()):
        return []
    silent = _names(_kinds(subject, subject.fresh_base(), batch), _NONE, _ZERO)
    still = set(_still_silent(subject, subject.fresh_base, silent))
    return [name for name, base in names.items() if base in still]


def _base_name(subject: Subject, name: str) -> str | None:
    """Return the base's name of a parameter, None where its layer is replaced."""
    _, index, rest = name.split(".", 2)
    if subject.found_base is None or int(index) in subject.replaced:
        return None
    return f"model.{subject.alignment.base_of[int(index)]}.{rest}"


def _kinds(subject: Subject, model: UpstreamModel, batch: Batch, norms_train: bool = True) -> Kinds:
    """Return the kind of each trainable parameter's gradient after one backward; the model is used up."""
    for module in model.train().modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.train(norms_train)
    loss = subject.upstream.loss(model, batch)
    loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
    return {name: _kind(p.grad) for name, p in model.named_parameters() if p.requires_grad}


def _kind(gradient: Tensor | None) -> str:
    if gradient is None:
        return _NONE
    if not bool(torch.isfinite(gradient).all()):
        return _NOT_FINITE
    return _ALIVE if bool(gradient.any()) else _ZERO


def _names(kinds: Kinds, *wanted: str) -> list[str]:
    return [name for name, kind in kinds.items() if kind in wanted]


def _failure(subject: Subject, groups: Groups, sizes: Mapping[str, int], evidence: dict[str, Any]) -> Finding:
    silent, dead = groups["silent_at_initialisation"], groups["dead"]
    unused = [name for name in groups["unused"] if name in dead]
    at_first = f"; at initialisation {_share(silent, sizes)} get none" if len(silent) > len(dead) else ""
    for_ddp = f"; DDP would call {len(unused)} of them unused" if unused else ""
    return failed(
        f"{_share(dead, sizes)} get no gradient, even after all parameters were changed{at_first}{for_ddp}",
        _dead_hint(subject, dead),
        **evidence,
    )


def _dead_hint(subject: Subject, dead: Iterable[str]) -> str:
    index = _first_index(subject, dead)
    name = layer_name(subject.model, index)
    if not leads_to_head(subject.rows, index):
        return (
            f"start at {name}: no row leads from it to the last row. Let the row that should read it name layer "
            f"{index} in its first entry, or take the row out"
        )
    one_value = one_value_hint(subject, index)
    if one_value:
        return one_value
    if -1 in subject.rows[index].sources:
        return (
            f"start at {name}: look for a product with zero, a detach, a .data, a no_grad, a parameter that forward "
            "never reads, or a checkpoint with use_reentrant=True: the image has no gradient, so nothing in it gets one"
        )
    return (
        f"start at {name}: look for a product with zero, a detach, a .data, a no_grad, or a parameter that forward "
        "never reads"
    )


def _first_layer(subject: Subject, dead: Iterable[str]) -> str:
    return layer_name(subject.model, _first_index(subject, dead))


def _first_index(subject: Subject, dead: Iterable[str]) -> int:
    """Return the first replaced layer among the dead ones: it may be the cause of the others."""
    indices = list(_by_layer(dead))
    return next((i for i in indices if i in subject.replaced), indices[0])


def _summary(groups: Groups, sizes: Mapping[str, int]) -> str:
    texts = {
        "zero_by_initialisation": "zero at initialisation only",
        "off_by_chance": "zero with this seed only",
        "absorbed_by_batchnorm": "cancelled by BatchNorm while it trains",
        "dead_in_the_base_too": "dead in upstream's own model, too",
    }
    notes = ", ".join(f"{len(groups[name])} {text}" for name, text in texts.items() if groups[name])
    reached = len(sizes) - len(groups["dead_in_the_base_too"])
    return f"upstream's loss reaches {reached} of {len(sizes)} trainable tensors" + (f" ({notes})" if notes else "")


def _share(names: Collection[str], sizes: Mapping[str, int]) -> str:
    count, total = sum(sizes[name] for name in names), sum(sizes.values())
    return f"{len(names)} of {len(sizes)} tensors ({100 * count / total:.3g}% of the parameters)"


def _evidence(subject: Subject, groups: Groups, sizes: Mapping[str, int]) -> dict[str, Any]:
    total = {"tensors": len(sizes), "parameters": sum(sizes.values())}
    return {
        "trainable": total,
        **{group: _group_evidence(subject, names, sizes) for group, names in groups.items() if names},
    }


def _group_evidence(subject: Subject, names: Sequence[str], sizes: Mapping[str, int]) -> dict[str, Any]:
    layers = _by_layer(names)
    return {
        "tensors": len(names),
        "parameters": sum(sizes[name] for name in names),
        "in_replaced_layers": sum(len(found) for index, found in layers.items() if index in subject.replaced),
        "by_layer": {str(index): len(found) for index, found in list(layers.items())[:SHOWN]},
        "names": names[:SHOWN],
    }


def _by_layer(names: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name in names:
        index = layer_index(name)
        if index is not None:
            found.setdefault(index, []).append(name)
    return found
