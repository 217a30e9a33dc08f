"""Causes for which a model cannot be saved, copied or loaded.

A rule takes what was raised, the model, and the model before it was fused; it returns None where it does not apply.
"""

from __future__ import annotations

import re

import torch
from torch.nn import Module

from ..cause import Cause, search
from ..kept_tensors import computed_tensors
from ..raising import Raised, first_line

_MAIN = re.compile(r"Can't (?:get attribute|pickle) .*?(?:'(\w+)' on <module '__main__'|<class '__main__\.(\w+)'>)")


def of_main(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A class was defined in the script that trained."""
    match = search(_MAIN, found)
    if match is None:
        return None
    cls = match[1] or match[2]
    return Cause(
        f"the class {cls} is defined in a script that was run (__main__), so another program cannot find it",
        f"move {cls} into a file that is imported, such as one of upstream's own, and train again from there",
    )


_NOT_PICKLED = re.compile(r"Can't pickle (?:local object )?(.+?)(?::|$)|cannot pickle '(.+?)' object")


def not_pickled(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """pickle met something that it cannot store."""
    match = search(_NOT_PICKLED, found)
    if match is None:
        return None
    return Cause(
        f"it holds what pickle cannot store: {first_line(found.error)[:200]}",
        "hold no lambda, local class or open file in a module; a function at the top of a file can be stored",
    )


_PARAMETRIZED = "Serialization of parametrized modules"
_SCRIPTED = re.compile(r"Tried to serialize object (?:__torch__\.)?([\w.]+)")


def not_stored(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The whole model is to be stored, and a part of it can only be stored as a state dict."""
    scripted = search(_SCRIPTED, found)
    if scripted is None and _PARAMETRIZED not in str(found.error):
        return None
    parts = [] if model is None else list(model.named_modules())
    if scripted is not None:
        names = [name for name, part in parts if isinstance(part, torch.jit.ScriptModule)]
        return Cause(
            f"{names[0] if names else scripted[1].rpartition('.')[2]} is a module of TorchScript, which pickle cannot "
            "store, and upstream stores the whole model",
            "keep the module itself, without torch.jit.script; a function may be scripted",
        )
    names = [name for name, part in parts if hasattr(part, "parametrizations")]
    return Cause(
        f"{names[0] if names else found.name or 'a module'} computes its weight by torch.nn.utils.parametrize (as "
        "weight_norm and spectral_norm do), which pickle cannot store, and upstream stores the whole model",
        "keep the plain parameter, and compute the weight from it in forward",
    )


def computed_attribute(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """deepcopy met a tensor that has a gradient's history."""
    if model is None or "graph leaves" not in str(found.error):
        return None
    kept = computed_tensors(model)
    if not kept:
        return None
    name, by = kept[0]
    more = f" and {len(kept) - 1} more" if len(kept) > 1 else ""
    return Cause(
        f"{name}{more} is computed from parameters and kept" + (f" by {by}" if by else "") + ", so it cannot be copied",
        "keep the parameters that it comes from, and compute it in forward; a statistic is kept without its history "
        "(.detach())",
    )
