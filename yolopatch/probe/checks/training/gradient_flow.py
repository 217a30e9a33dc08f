"""Does upstream's own loss reach every parameter?"""

import torch
import torch.nn as nn

from ...measure.batches import make_batch
from ...protocol.findings import failed, passed, skipped, warned
from ...tensors.perturb import perturb_parameters
from ...tensors.tensors import calibrate, layer_name
from ..rules import Rules

_NONE, _ZERO, _WILD, _ALIVE = "none", "zero", "not finite", "alive"
_SHOWN = 20


RULES = Rules()


def check(subject):
    """Fail where a parameter has no gradient, or exactly zero, both at initialisation and after all were moved.

    The loss is upstream's own, of the model in train mode, on noise images with objects of every size. What is dead
    in the same layers of the base model too is upstream's own, and only noted; so is a gradient that is zero at
    initialisation alone, and one that BatchNorm takes away while it trains.
    """
    batch = make_batch(subject)
    if batch is None:
        return skipped(f"there is no synthetic batch for the task {subject.upstream.task(subject.data)}")
    groups = _grouped(subject, batch)
    sizes = {name: p.numel() for name, p in subject.model.named_parameters() if p.requires_grad}
    evidence = _evidence(subject, groups, sizes)
    if groups["not_finite"]:
        doubled = groups.get("silent_in_float64")
        return failed(
            f"at initialisation {_share(groups['not_finite'], sizes)} get a gradient that is not finite"
            + (f"; counted in float64, {_share(doubled, sizes)} get none" if doubled else ""),
            "look for memory that nobody initialised, a division by zero, or a signal that grows with every layer",
            **evidence,
        )
    if groups["dead"]:
        return _failure(subject, groups, sizes, evidence)
    if groups["unused"]:
        return warned(
            f"{_share(groups['unused'], sizes)} get a gradient in some steps only: DDP would call them unused",
            "with DDP, train with find_unused_parameters=True",
            **evidence,
        )
    return passed(_praise(groups, sizes), **evidence)


def _grouped(subject, batch):
    """Sort the names of the parameters whose gradient is not alive; each further trial runs only if it is needed."""
    first = _kinds(subject, subject.fresh(), batch)
    wild = _names(first, _WILD)
    silent = _names(first, _NONE, _ZERO)
    if wild:
        return {
            "not_finite": wild,
            "silent_at_initialisation": silent,
            "silent_in_float64": _silent_in_double(subject, batch),
        }
    still = _still_silent(subject, subject.fresh, silent)
    absorbed = _absorbed(subject, subject.fresh, batch, still)
    dead = [name for name in still if name not in absorbed]
    upstreams = _dead_in_base(subject, batch, dead)
    return {
        "not_finite": wild,
        "silent_at_initialisation": silent,
        "dead": [name for name in dead if name not in upstreams],
        "unused": [name for name in silent if first[name] == _NONE and name not in upstreams],
        "zero_by_initialisation": [name for name in silent if name not in still],
        "absorbed_by_batchnorm": absorbed,
        "dead_in_the_base_too": upstreams,
    }


def _silent_in_double(subject, batch):
    """Return which get no gradient in float64: one that overflows float32 hides which are zero.

    Empty where the model runs in float32 only.
    """
    doubled = {k: v.double() if isinstance(v, torch.Tensor) and v.is_floating_point() else v for k, v in batch.items()}
    try:
        return _names(_kinds(subject, subject.fresh().double(), doubled), _NONE, _ZERO)
    except (RuntimeError, TypeError):  # it makes float32 tensors itself; float64 is no duty
        return []


def _still_silent(subject, make, silent):
    """Return which are silent in a model whose parameters were all moved, on other images, too."""
    if not silent:
        return []
    moved = _kinds(subject, perturb_parameters(make()), make_batch(subject, seed=4))
    return [name for name in silent if moved[name] in (_NONE, _ZERO)]


def _absorbed(subject, make, batch, silent):
    """Return which get a gradient where BatchNorm uses fixed statistics: while it trains, it takes a bias away."""
    if not silent:
        return []
    model = calibrate(perturb_parameters(make()), subject.calibration_images)
    frozen = _kinds(subject, model, batch, norms_train=False)
    return [name for name in silent if frozen[name] not in (_NONE, _ZERO)]


def _dead_in_base(subject, batch, dead):
    """Return those of the layers that are not replaced which are dead in the base model as well."""
    names = {name: _base_name(subject, name) for name in dead}
    if not any(names.values()):
        return []
    silent = _names(_kinds(subject, subject.fresh_base(), batch), _NONE, _ZERO)
    still = set(_still_silent(subject, subject.fresh_base, silent))
    return [name for name, base in names.items() if base in still]


def _base_name(subject, name):
    """Return the base's name of a parameter, None where its layer is replaced."""
    _, index, rest = name.split(".", 2)
    if subject.found_base is None or int(index) in subject.replaced:
        return None
    return f"model.{subject.alignment.base_of[int(index)]}.{rest}"


def _kinds(subject, model, batch, norms_train=True):
    """Return what each trainable parameter's gradient is like after one step back; the model is used up."""
    for module in model.train().modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.train(norms_train)
    subject.upstream.loss(model, batch).backward()
    return {name: _kind(p.grad) for name, p in model.named_parameters() if p.requires_grad}


def _kind(gradient):
    if gradient is None:
        return _NONE
    if not bool(torch.isfinite(gradient).all()):
        return _WILD
    return _ALIVE if bool(gradient.any()) else _ZERO


def _names(kinds, *wanted):
    return [name for name, kind in kinds.items() if kind in wanted]


def _failure(subject, groups, sizes, evidence):
    silent, dead = groups["silent_at_initialisation"], groups["dead"]
    unused = [name for name in groups["unused"] if name in dead]
    at_first = f"; at initialisation {_share(silent, sizes)} do" if len(silent) > len(dead) else ""
    called = f"; DDP would call {len(unused)} of them unused" if unused else ""
    return failed(
        f"{_share(dead, sizes)} get no gradient, whatever their values{at_first}{called}",
        f"start at {_first_layer(subject, dead)}: look for a product with zero, a detach, a .data, a no_grad, or a "
        "parameter that forward never reads",
        **evidence,
    )


def _first_layer(subject, dead):
    """Name the first replaced layer among the dead ones: the others may be its victims."""
    indices = list(_by_layer(dead))
    index = next((i for i in indices if i in subject.replaced), indices[0])
    return layer_name(subject.model, index)


def _praise(groups, sizes):
    notes = [
        f"{len(groups['zero_by_initialisation'])} zero at initialisation alone",
        f"{len(groups['absorbed_by_batchnorm'])} taken away by BatchNorm while it trains",
        f"{len(groups['dead_in_the_base_too'])} dead in upstream's own model too",
    ]
    said = ", ".join(note for note in notes if not note.startswith("0 "))
    reached = len(sizes) - len(groups["dead_in_the_base_too"])
    return f"upstream's loss reaches {reached} of {len(sizes)} trainable tensors" + (f" ({said})" if said else "")


def _share(names, sizes):
    count, total = sum(sizes[name] for name in names), sum(sizes.values())
    return f"{len(names)} of {len(sizes)} tensors ({100 * count / total:.3g}% of the parameters)"


def _evidence(subject, groups, sizes):
    total = {"tensors": len(sizes), "parameters": sum(sizes.values())}
    return {"trainable": total, **{name: _counted(subject, names, sizes) for name, names in groups.items() if names}}


def _counted(subject, names, sizes):
    layers = _by_layer(names)
    return {
        "tensors": len(names),
        "parameters": sum(sizes[name] for name in names),
        "in_replaced_layers": sum(len(found) for index, found in layers.items() if index in subject.replaced),
        "by_layer": {str(index): len(found) for index, found in list(layers.items())[:_SHOWN]},
        "names": names[:_SHOWN],
    }


def _by_layer(names):
    found = {}
    for name in names:
        found.setdefault(int(name.split(".")[1]), []).append(name)
    return found
