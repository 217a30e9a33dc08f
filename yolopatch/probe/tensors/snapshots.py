"""Restore a module: its tensors' values, its tables, and its Python attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn as nn

from .plain_tensors import plain_tensors
from .tensors import unshared

_CONTAINERS = (dict, list, set)  # forward may change these in place
_HOOKS = frozenset(vars(nn.Module())) - {"_parameters", "_buffers", "_modules", "training"}


class Snapshot:
    """The state of a module and of all modules in it at this moment; `restore` may be called any number of times.

    Hooks are not part of it: the code that registers a hook removes it.
    """

    def __init__(self, root: nn.Module) -> None:
        self._attributes = [(module, _copied(vars(module))) for module in root.modules()]
        held = [*root.parameters(), *root.buffers(), *(tensor for _, _, tensor in plain_tensors(root))]
        self._values = [(tensor, tensor.detach().clone()) for tensor in map(unshared, held)]

    @torch.no_grad()
    def restore(self) -> None:
        """Restore everything, and remove what forward added."""
        for module, attributes in self._attributes:
            held = vars(module)
            for key in held.keys() - attributes.keys() - _HOOKS:
                del held[key]
            held.update(_copied(attributes))
        for tensor, values in self._values:
            tensor.copy_(values)


def _copied(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value.copy() if isinstance(value, _CONTAINERS) else value
        for key, value in attributes.items()
        if key not in _HOOKS
    }
