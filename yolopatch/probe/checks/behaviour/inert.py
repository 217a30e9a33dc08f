"""Is a replaced layer something other than a plain convolution, and does all that it holds matter?"""

from copy import deepcopy

import torch
import torch.nn as nn

from ...protocol.findings import failed, passed, skipped
from ...tensors.calls import BATCH, Call, layer_calls
from ...tensors.influence import influence
from ...tensors.plain_tensors import plain_tensors, registered
from ...tensors.plainness import is_under_another_name, plain_kernel
from ..rules import Rules

_SHOWN = 20  # of a list: enough to see the pattern


RULES = Rules(asks_base=False)


def check(subject):
    """Ask every replaced layer, by itself and on its real input, what its output depends on."""
    if not subject.replaced:
        return passed("no layer is replaced, so nothing new can be inert")
    model = subject.fresh()
    model.load_state_dict(subject.calibrated.state_dict())
    calls = layer_calls(subject.calibrated, subject.images(batch=BATCH), list(subject.replaced))
    plain = [found for index in calls for found in _plain(subject, model, index, calls[index])]
    renamed = [index for index in calls if _is_renamed(subject, model, index, calls[index])]
    return _finding(subject, plain, renamed, *_influences(model, calls))


def _influences(model, calls):
    """Return the tensors that nothing depends on, those that forward overwrites, and the layers not judged."""
    known = registered(model)
    inert, caches, notes = [], [], {}
    for index, call in calls.items():
        found = influence(model.model[index], call, known)
        inert += [(index, held) for held in found.inert]
        caches += [f"model.{index}.{name}" for name in found.caches]
        if found.note:
            notes[index] = found.note
    return inert, caches, notes


def _plain(subject, model, index, call):
    """Return (index, class, dotted name, kernel) of each module that is a plain convolution but claims otherwise."""
    layer = model.model[index]
    modules = [(name, m) for name, m in layer.named_modules() if type(m) in subject.new_classes]
    calls = _inner_calls(layer, call, modules)
    found = []
    for name, module in modules:
        if module not in calls or not (_holds_more(module) or _stands_for_convolution(subject, index, name)):
            continue
        kernel = plain_kernel(module, calls[module])
        if kernel:
            found.append((index, type(module).__name__, f"model.{index}" + (f".{name}" if name else ""), kernel))
    return found


@torch.no_grad()
def _inner_calls(layer, call, modules):
    """Return what each of the modules is called with when the layer is."""
    calls = {}

    def keep(module, args, kwargs):
        calls.setdefault(module, Call(args, kwargs))

    hooks = [module.register_forward_pre_hook(keep, with_kwargs=True) for _, module in modules]
    args, kwargs = call.arguments()
    try:
        layer.eval()(*args, **kwargs)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def _holds_more(module):
    """Tell whether a module has more tensors than a plain convolution, and so claims to be something else."""
    names = {name.rpartition(".")[2] for name in module.state_dict()}
    return len(module.state_dict()) > 2 or not names <= {"weight", "bias"} or bool(plain_tensors(module))


def _stands_for_convolution(subject, index, name):
    """Tell whether the base has a plain convolution where this module is: inside its layer, or as its layer."""
    base = _base_layer(subject, index)
    if base is None:
        return False
    inside = dict(base.named_modules())
    convolutions = [m for m in inside.values() if isinstance(m, nn.Conv2d)]
    return isinstance(inside.get(name), nn.Conv2d) or (not name and len(convolutions) == 1)


def _base_layer(subject, index):
    place = subject.replaced[index]
    return None if place is None else subject.base.model[place]


def _is_renamed(subject, model, index, call):
    """Tell whether a layer of another class is the base's layer all the same."""
    layer, base = model.model[index], _base_layer(subject, index)
    is_new = any(type(module) in subject.new_classes for module in layer.modules())
    if base is None or not is_new or _shapes(layer) != _shapes(base):
        return False
    return is_under_another_name(layer, deepcopy(base), call)


def _shapes(layer):
    return {name: tuple(tensor.shape) for name, tensor in layer.state_dict().items()}


def _finding(subject, plain, renamed, inert, caches, notes):
    evidence = {
        "layers": list(subject.replaced),
        "plain_convolutions": [{"layer": i, "class": c, "module": m, "kernel": k} for i, c, m, k in plain[:_SHOWN]],
        "plain_convolution_count": len(plain),
        "base_layers_under_another_name": renamed,
        "inert": [_described(index, held) for index, held in inert[:_SHOWN]],
        "inert_count": len(inert),
        "inert_numel": sum(held.tensor.numel() for _, held in inert),
        "overwritten_by_forward": caches[:_SHOWN],
        "not_judged": notes,
    }
    reasons = [*_of_plain(plain), *_of_renamed(subject, renamed), *_of_inert(inert)]
    if reasons:
        hint = "compare forward with the paper: what the constructor makes must be read there"
        return failed("; ".join(reasons), hint, **evidence)
    judged = len(subject.replaced) - len(notes)
    if not judged:
        why = "no replaced layer can be judged: run alone on finite input, none gives the same finite output twice"
        return skipped(why, "see forward and determinism", **evidence)
    summary = f"everything that the {judged} replaced layers hold matters, and none of them is a plain convolution"
    if notes:
        summary += f"; {len(notes)} could not be judged"
    return passed(summary, **evidence)


def _described(index, held):
    return {"tensor": f"model.{index}.{held.name}", "kind": held.kind, "numel": held.tensor.numel()}


def _of_plain(plain):
    if not plain:
        return []
    index, name, _, kernel = plain[0]
    more = f" ({len(plain)} such modules)" if len(plain) > 1 else ""
    return [f"layer {index}'s {name} computes a plain convolution with its own {kernel}{more}"]


def _of_renamed(subject, renamed):
    if not renamed:
        return []
    index = renamed[0]
    name, base = type(subject.model.model[index]).__name__, type(_base_layer(subject, index)).__name__
    more = f" ({len(renamed)} such layers)" if len(renamed) > 1 else ""
    return [f"layer {index}'s {name} is the base's {base} under another name{more}"]


def _of_inert(inert):
    if not inert:
        return []
    numel = sum(held.tensor.numel() for _, held in inert)
    index, first = inert[0]
    noun = "tensor that the output does" if len(inert) == 1 else "tensors that the output does"
    return [f"{len(inert)} {noun} not depend on, {numel:,} values, such as the {first.kind} model.{index}.{first.name}"]
