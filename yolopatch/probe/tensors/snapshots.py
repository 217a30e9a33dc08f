"""Put a module back as it was: its tensors' values, its tables, and its Python attributes."""

import torch
import torch.nn as nn

from .plain_tensors import plain_tensors

_CONTAINERS = (dict, list, set)  # what forward may change in place
_HOOKS = frozenset(vars(nn.Module())) - {"_parameters", "_buffers", "_modules", "training"}


class Snapshot:
    """What a module and all modules in it held when this was made; `restore` brings it back, as often as asked.

    Hooks stay as they are: who registers one removes it.
    """

    def __init__(self, root):
        self._attributes = [(module, _copied(vars(module))) for module in root.modules()]
        held = [*root.parameters(), *root.buffers(), *(tensor for _, _, tensor in plain_tensors(root))]
        self._values = [(tensor, tensor.detach().clone()) for tensor in held]

    @torch.no_grad()
    def restore(self):
        """Put everything back; what forward added is removed."""
        for module, attributes in self._attributes:
            held = vars(module)
            for key in held.keys() - attributes.keys() - _HOOKS:
                del held[key]
            held.update(_copied(attributes))
        for tensor, values in self._values:
            tensor.copy_(values)


def _copied(attributes):
    return {
        key: value.copy() if isinstance(value, _CONTAINERS) else value
        for key, value in attributes.items()
        if key not in _HOOKS
    }
