"""Does a replaced layer compute something other than a plain convolution, and use all the tensors that it holds?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch
import torch.nn as nn

from ....wire.statuses import FAIL
from ...build.subject import Subject
from ...protocol.findings import Finding, failed, passed, skipped, warned
from ...tensors.calls import BATCH, Call, layer_calls
from ...tensors.influence import Held, influence
from ...tensors.models import Layer, UpstreamModel
from ...tensors.modes import distance_of_modes, still_norms, trained_only
from ...tensors.plain_tensors import plain_tensors, registered
from ...tensors.plainness import is_same_function, plain_kernel
from ...tensors.tensors import layer_name, module_name
from ...thresholds import OTHER_IN_EVAL
from ..evidence import SHOWN
from ..one_value import one_value_hint, one_value_in
from ..rules import Rules
from ..wording import plural, such

RULES = Rules(asks_base=False)


class _PlainConvolution(NamedTuple):
    """A module of a layer that computes a plain convolution with its tensor `kernel`."""

    layer: int
    cls: str
    module: str
    kernel: str


class _Influences(NamedTuple):
    """What the replaced layers depend on.

    Attributes:
        inert: (layer, tensor) for the tensors that the layer's output does not depend on.
        caches: the names of the plain tensors that forward overwrites.
        not_judged: by layer, why it cannot be judged.
    """

    inert: list[tuple[int, Held]]
    caches: list[str]
    not_judged: dict[int, str]


def check(subject: Subject) -> Finding:
    """Study every replaced layer by itself, on its real input: what does its output depend on?"""
    if not subject.replaced:
        return passed("no layer is replaced, so nothing new can be inert")
    model = subject.fresh()
    model.load_state_dict(subject.calibrated.state_dict())
    calls = layer_calls(subject.calibrated, subject.images(batch=BATCH), list(subject.replaced))
    plain = [found for index in calls for found in _plain_convolutions(subject, model, index, calls[index])]
    renamed = [index for index in calls if _is_renamed(subject, model, index, calls[index])]
    found = _finding(subject, plain, renamed, _influences(subject, model, calls))
    return found if found.status == FAIL else (_modes_finding(subject, calls, found) or found)


def _modes_finding(subject: Subject, calls: Mapping[int, Call], found: Finding) -> Finding | None:
    """Warn where a layer is another one in eval than while it trains: the loss falls, and a validation sees it not.

    A head may be: upstream's own end-to-end heads have a branch for training alone.
    """
    layers = {index: call for index, call in calls.items() if index != len(subject.rows) - 1}
    one_value = next(filter(None, (one_value_in(subject, index, call) for index, call in layers.items())), None)
    if one_value:
        return warned(one_value.what, one_value.remedy, **found.evidence)
    for index, call in layers.items():
        layer = subject.calibrated.model[index]
        idle = trained_only(layer, call)
        if idle:
            return warned(
                f"{layer_name(subject.model, index)} uses {plural(len(idle), 'parameter')} only while it trains, such "
                f"as model.{index}.{idle[0]}: in eval its output does not depend on them",
                "look for self.training in its forward; a branch that is meant for training alone is no mistake, and "
                "belongs into your text",
                **found.evidence,
            )
        still = still_norms(layer, call)
        if still:
            norm = layer.get_submodule(still[0])
            return warned(
                f"{module_name(index, still[0])} in {layer_name(subject.model, index)} keeps no statistics of what it "
                f"sees while it trains (momentum {norm.momentum}), and uses the ones that it started with in eval",
                "torch's momentum is the share of the new batch: write 0.03 where TensorFlow's code has 0.97; upstream "
                "sets it for plain nn.BatchNorm2d alone",
                **found.evidence,
            )
        apart = distance_of_modes(layer, call)
        if apart > OTHER_IN_EVAL:
            return warned(
                f"{layer_name(subject.model, index)} computes something else in eval than while it trains: the outputs "
                f"for the same input are {apart:.0%} of their size apart",
                "look for self.training in its forward: what is validated and exported is not what was trained",
                **found.evidence,
            )
    return None


def _influences(subject: Subject, model: UpstreamModel, calls: Mapping[int, Call]) -> _Influences:
    known = registered(model)
    result = _Influences([], [], {})
    for index, call in calls.items():
        found = influence(model.model[index], call, known, subject.made_by_forward(model, index))
        result.inert.extend((index, held) for held in found.inert)
        result.caches.extend(f"model.{index}.{name}" for name in found.caches)
        if found.note:
            result.not_judged[index] = found.note
    return result


def _plain_convolutions(subject: Subject, model: UpstreamModel, index: int, call: Call) -> list[_PlainConvolution]:
    """Return the modules of a layer that are plain convolutions but claim to be something else."""
    layer = model.model[index]
    modules = [(name, m) for name, m in layer.named_modules() if type(m) in subject.new_classes]
    calls = _inner_calls(layer, call, [module for _, module in modules])
    found = []
    for name, module in modules:
        if module not in calls or not (_holds_more(module) or _replaces_convolution(subject, index, name)):
            continue
        kernel = plain_kernel(module, calls[module])
        if kernel:
            found.append(_PlainConvolution(index, type(module).__name__, module_name(index, name), kernel))
    return found


@torch.no_grad()
def _inner_calls(layer: Layer, call: Call, modules: Sequence[nn.Module]) -> dict[nn.Module, Call]:
    """Return what each of the modules is called with when the layer is."""
    calls: dict[nn.Module, Call] = {}

    def keep(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        calls.setdefault(module, Call(args, kwargs))

    hooks = [module.register_forward_pre_hook(keep, with_kwargs=True) for module in modules]
    args, kwargs = call.arguments()
    try:
        layer.eval()(*args, **kwargs)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def _holds_more(module: nn.Module) -> bool:
    """Return whether a module has more tensors than a plain convolution, and so claims to be something else."""
    names = {name.rpartition(".")[2] for name in module.state_dict()}
    return len(module.state_dict()) > 2 or not names <= {"weight", "bias"} or bool(plain_tensors(module))


def _replaces_convolution(subject: Subject, index: int, name: str) -> bool:
    """Return whether the base has a plain convolution where this module is: inside its layer, or as its layer."""
    base = _base_layer(subject, index)
    if base is None:
        return False
    inside = dict(base.named_modules())
    convolutions = [m for m in inside.values() if isinstance(m, nn.Conv2d)]
    return isinstance(inside.get(name), nn.Conv2d) or (not name and len(convolutions) == 1)


def _base_layer(subject: Subject, index: int) -> Layer | None:
    base = subject.replaced[index]
    return None if base is None else subject.required_base_model.model[base]


def _is_renamed(subject: Subject, model: UpstreamModel, index: int, call: Call) -> bool:
    """Return whether a layer of another class computes the same as the base's layer."""
    layer, base = model.model[index], _base_layer(subject, index)
    is_new = any(type(module) in subject.new_classes for module in layer.modules())
    if base is None or not is_new or _shapes(layer) != _shapes(base):
        return False
    return is_same_function(layer, deepcopy(base), call)


def _shapes(layer: Layer) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in layer.state_dict().items()}


def _finding(
    subject: Subject, plain: Sequence[_PlainConvolution], renamed: Sequence[int], influences: _Influences
) -> Finding:
    inert, not_judged = influences.inert, influences.not_judged
    evidence = {
        "layers": list(subject.replaced),
        "plain_convolutions": [
            {"layer": found.layer, "class": found.cls, "module": found.module, "kernel": found.kernel}
            for found in plain[:SHOWN]
        ],
        "plain_convolution_count": len(plain),
        "base_layers_under_another_name": renamed,
        "inert": [_inert_evidence(index, held) for index, held in inert[:SHOWN]],
        "inert_count": len(inert),
        "inert_numel": sum(held.tensor.numel() for _, held in inert),
        "overwritten_by_forward": influences.caches[:SHOWN],
        "not_judged": not_judged,
    }
    reasons = [*_plain_clause(plain), *_renamed_clause(subject, renamed), *_inert_clause(inert)]
    if reasons:
        hint = (inert and one_value_hint(subject, inert[0][0])) or _hint(subject, [] if plain or inert else renamed)
        return failed("; ".join(reasons), hint, **evidence)
    judged = len(subject.replaced) - len(not_judged)
    if not judged:
        reason = "no replaced layer can be judged: alone on finite input, none gives the same finite output twice"
        return skipped(reason, "see forward and determinism", **evidence)
    summary = f"the {judged} replaced layers use everything that they hold, and none of them is a plain convolution"
    if not_judged:
        summary += f"; {len(not_judged)} could not be judged"
    return passed(summary, **evidence)


def _inert_evidence(index: int, held: Held) -> dict[str, Any]:
    return {"tensor": f"model.{index}.{held.name}", "kind": held.kind, "numel": held.tensor.numel()}


def _hint(subject: Subject, alone: Sequence[int]) -> str:
    """Return what to do; `alone` are the renamed layers, where nothing else was found."""
    if alone and not any(subject.model.model[index].state_dict() for index in alone):
        base = type(_base_layer(subject, alone[0])).__name__
        return (
            f"in these rows it gives what {base} gives: keep {base}, or give it rows where the two differ, such as "
            "maps of several sizes for a join"
        )
    return "compare forward with the paper: forward must use everything that the constructor makes"


# Each of these returns one clause of the summary, or nothing.


def _plain_clause(plain: Sequence[_PlainConvolution]) -> list[str]:
    if not plain:
        return []
    first, more = plain[0], such(len(plain), "module")
    return [f"layer {first.layer}'s {first.cls} computes a plain convolution with its own {first.kernel}{more}"]


def _renamed_clause(subject: Subject, renamed: Sequence[int]) -> list[str]:
    if not renamed:
        return []
    index, more = renamed[0], such(len(renamed), "layer")
    name, base = type(subject.model.model[index]).__name__, type(_base_layer(subject, index)).__name__
    return [f"layer {index}'s {name} is the base's {base} under another name{more}"]


def _inert_clause(inert: Sequence[tuple[int, Held]]) -> list[str]:
    if not inert:
        return []
    numel = sum(held.tensor.numel() for _, held in inert)
    index, first = inert[0]
    return [
        f"the output does not depend on {plural(len(inert), 'tensor')} ({plural(numel, 'value')}), such as the "
        f"{first.kind} model.{index}.{first.name}"
    ]
