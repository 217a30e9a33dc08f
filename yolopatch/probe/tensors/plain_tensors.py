"""Tensors that a module holds without registering them: as attributes, or in lists, tuples and dicts of its own."""

import torch
import torch.nn as nn

_OWN_KEYS = frozenset(vars(nn.Module()))  # what every module has: its tables of parameters, children and hooks


def registered(model):
    """Return the ids of every parameter and buffer of a model."""
    return {id(tensor) for tensor in (*model.parameters(), *model.buffers())}


def attributes(module):
    """Return what a module holds beside its tables of parameters, buffers, children and hooks: (name, value)."""
    return [(key, value) for key, value in vars(module).items() if key not in _OWN_KEYS]


def plain_tensors(layer, known=()):
    """Return every unregistered tensor below a layer, as (dotted name, the module that holds it, tensor).

    A parameter in a Python list, and the tensors of a module in one, count: neither follows `.to()`, nor is saved.

    Args:
        layer: a module.
        known: ids of tensors to leave out besides the layer's own parameters and buffers.
    """
    seen = registered(layer) | set(known)
    found = []
    for path, module in layer.named_modules():
        for key, value in attributes(module):
            for name, tensor in _inside(value, f"{path}.{key}" if path else key):
                if id(tensor) not in seen:
                    seen.add(id(tensor))
                    found.append((name, module, tensor))
    return found


def _inside(value, name):
    """Yield the tensors of a value with their names."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, nn.Module):
        yield from ((f"{name}.{n}", t) for n, t in (*value.named_parameters(), *value.named_buffers()))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _inside(item, f"{name}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _inside(item, f"{name}[{place}]")


def overwritten(before, after):
    """Return the names that hold another tensor, or other values, than before: what `forward` keeps for itself.

    Args:
        before: (name, tensor, copy of its values) of each, as `remembered` gives.
        after: the same tensors' names and what they hold now.
    """
    return {name for name, tensor, values in before if not _kept(after.get(name), tensor, values)}


def remembered(found):
    """Return what `overwritten` needs to know of `plain_tensors`' answer, before forward runs."""
    return [(name, tensor, tensor.detach().clone()) for name, _, tensor in found]


def _kept(now, tensor, values):
    return now is tensor and same_values(now, values)


def same_values(tensor, other):
    """Tell whether two tensors are equal bit by bit, NaN in the same places counting as equal."""
    if tensor.shape != other.shape or tensor.dtype != other.dtype or tensor.device != other.device:
        return False
    if torch.equal(tensor, other):
        return True
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return False
    nan = torch.isnan(tensor)
    return torch.equal(nan, torch.isnan(other)) and torch.equal(tensor[~nan], other[~nan])
