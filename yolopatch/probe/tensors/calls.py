"""What the layers of a model are really called with, and a module run again on just that."""

import torch

from .tensors import is_finite, seed_all, tensors

BATCH = 2  # BatchNorm over a single point has no variance to train with


class Call:
    """The arguments of one call of one module; every use gives copies, for forward may write to them."""

    def __init__(self, args, kwargs):
        self._args, self._kwargs = copied(args), copied(kwargs)

    @property
    def first(self):
        """The first tensor that is given: the map."""
        return next(tensors((self._args, self._kwargs)), None)

    @property
    def is_finite(self):
        """Whether all that is given is finite."""
        return is_finite((self._args, self._kwargs))

    def arguments(self):
        """Return copies of the positional and the named arguments."""
        return copied(self._args), copied(self._kwargs)

    def to(self, device):
        """Return the same call with every tensor on a device."""
        args, kwargs = (mapped(lambda tensor: tensor.to(device), v) for v in (self._args, self._kwargs))
        return Call(args, kwargs)

    def noise(self, seed):
        """Return a call with standard normal noise in place of every floating-point tensor."""
        generator = torch.Generator().manual_seed(seed)

        def draw(tensor):
            return torch.randn(tensor.shape, generator=generator).to(tensor) if tensor.is_floating_point() else tensor

        return Call(mapped(draw, self._args), mapped(draw, self._kwargs))


def mapped(function, value):
    """Return nested dicts, lists and tuples with the function's answer for each tensor in them."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, dict):
        return {key: mapped(function, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(function, item) for item in value)
    return value


def copied(value):
    """Return nested dicts, lists and tuples with a copy of each tensor in them, free of any graph."""
    return mapped(lambda tensor: tensor.detach().clone(), value)


@torch.no_grad()
def layer_calls(model, x, indices):
    """Run the model on images and return the call of each layer that is asked for, by index."""
    calls = {}

    def keep(index):
        return lambda layer, args, kwargs: calls.setdefault(index, Call(args, kwargs)) and None

    hooks = [model.model[i].register_forward_pre_hook(keep(i), with_kwargs=True) for i in indices]
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def outcome(module, call, training):
    """Return copies of the tensors that a module gives for a call, seeded; None where it raises."""
    module.train(training)
    seed_all(0)
    args, kwargs = call.arguments()
    try:
        with torch.no_grad():
            return [tensor.clone() for tensor in tensors(module(*args, **kwargs))]
    except Exception:  # whatever the module's code raises: that, too, is something that it does
        return None
