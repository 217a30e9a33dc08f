"""Does a module work where its tensors are not on the CPU? Asked without any other device, by torch's `meta`."""

import traceback
from pathlib import Path

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .calls import mapped
from .plain_tensors import attributes
from .tensors import tensors

_COPIES = ("aten._to_copy.default", "aten.copy_.default")  # these are how a tensor changes its device
_TAKE_INDICES = ("aten.index.", "aten.index_put", "aten._index_put")  # tensors on any device take these from the CPU
_HERE = str(Path(__file__).parent.parent)  # the probe


class DeviceMismatch(RuntimeError):
    """An operator got tensors of two devices, as it would on a GPU."""


class _Watch(TorchDispatchMode):
    """Refuses operators that mix `meta` with the CPU, as every real device refuses to be mixed with it."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = str(function)
        if name == _COPIES[0] and args[0].is_meta and torch.device(kwargs.get("device") or "meta").type == "cpu":
            return torch.zeros(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        if name not in _COPIES:
            _refuse(name, args, kwargs)
        return function(*args, **kwargs)


def _refuse(name, args, kwargs):
    # A number in a tensor of no dimension goes with every device.
    given = [t for t in tensors((args, kwargs)) if t.dim()]
    if name.startswith(_TAKE_INDICES):
        given = [t for t in given if t.dtype.is_floating_point]
    if any(t.is_meta for t in given) and any(not t.is_meta for t in given):
        raise DeviceMismatch(f"{name.removeprefix('aten.').partition('.')[0]} gets a tensor on the CPU")


def to_meta(model):
    """Move a model to `meta` and return it; what else holds one of its parameters goes on holding it.

    Between real devices torch moves a parameter's values and keeps the object; to `meta` it makes a new one.
    """
    before = dict(model.named_parameters())
    model.to("meta")
    moved = {id(before[name]): parameter for name, parameter in model.named_parameters()}
    for module in model.modules():
        for key, value in attributes(module):
            if any(id(tensor) in moved for tensor in tensors(value)):
                vars(module)[key] = mapped(lambda tensor: moved.get(id(tensor), tensor), value)
    return model


@torch.no_grad()
def mismatch(layer, call):
    """Run a layer as if on another device and return (what two devices meet in, why it could not be run).

    Args:
        layer: a module that was moved to `meta`; unregistered tensors that did not follow are on the CPU.
        call: what the model calls it with.

    Returns:
        Two texts, either empty.
    """
    args, kwargs = call.to("meta").arguments()
    try:
        with _Watch():
            layer.eval()(*args, **kwargs)
    except DeviceMismatch as error:
        return f"{error}, at {_place(error)}", ""
    except Exception as error:  # whatever the module's code, or torch on a device without values, raises
        return "", f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    return "", ""


def _place(error):
    """Return the innermost line of the traceback that is neither torch's nor the probe's."""
    ours = (_HERE, str(Path(torch.__file__).parent))
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(ours)]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown line"
