"""What a checkpoint holds, taken out of it without running anything of it.

Upstream's checkpoints are pickles of whole models. Their tensors, names and the model's YAML are read as data: no class
of theirs is imported, so that those of other versions and forks are read, too, and nothing in the file is called.
"""

import pickle
import types
from dataclasses import dataclass, field

import torch

from ...wire.checkpoint_keys import MODELS, STAMP
from .pickle_reader import Inert, InertUnpickler

_REBUILDING = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter", "_rebuild_parameter_with_state")


@dataclass(frozen=True)
class Stored:
    """A checkpoint's model as data.

    Attributes:
        state: what the model's `state_dict` would be, in the order of its modules.
        yaml: the parsed YAML that it was built from, None for a state dict without a model.
        names: the classes' names by number, None where it holds none.
        model_class: the model's class as the file names it: `ultralytics.nn.tasks.DetectionModel`; "" without one.
        content: everything else in the file: epoch, training arguments, upstream's version.
        stamp: what rebuilds the fork that wrote it, None without one.
    """

    state: dict
    yaml: dict | None = None
    names: dict | None = None
    model_class: str = ""
    content: dict = field(default_factory=dict)
    stamp: dict | None = None


class Unreadable(Exception):
    """A file that is no checkpoint, or holds no model. Its text says what was found."""


class _Unpickler(InertUnpickler):
    allowed = types.MappingProxyType(
        {
            **{("torch._utils", name): getattr(torch._utils, name) for name in _REBUILDING},
            ("torch", "Size"): torch.Size,
        }
    )


# what torch.load takes for the pickle module
_PICKLE = types.SimpleNamespace(
    __name__="inert", Unpickler=_Unpickler, load=lambda file, **options: _Unpickler(file, **options).load()
)


def read_stored(file):
    """Return what a checkpoint of upstream's, or a state dict, holds.

    Raises:
        Unreadable: it is no file of torch's, is cut short, or holds neither.
    """
    try:
        content = torch.load(file, map_location="cpu", pickle_module=_PICKLE, weights_only=False)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError, TypeError) as error:
        raise Unreadable(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}") from error
    if isinstance(content, Inert):
        content = {"model": content}
    if not isinstance(content, dict):
        raise Unreadable(f"it holds a {type(content).__name__}, not a checkpoint")
    return _found(content)


def _found(content):
    # upstream, too, takes the averaged model where there is one
    model = next((content[key] for key in MODELS if content.get(key)), None)
    rest = {key: value for key, value in content.items() if key not in (*MODELS, "optimizer")}
    stamp = rest.get(STAMP) if isinstance(rest.get(STAMP), dict) else None
    if isinstance(model, Inert):
        attributes = _attributes(model)
        names, yaml = attributes.get("names"), attributes.get("yaml")
        return Stored(
            state=dict(_tensors(model, "")),
            yaml=yaml if isinstance(yaml, dict) else None,
            names=dict(enumerate(names)) if isinstance(names, list) else names,
            model_class=model.path,
            content=rest,
            stamp=stamp,
        )
    for state in (model, content.get("state_dict"), content):
        if isinstance(state, dict) and state and all(isinstance(t, torch.Tensor) for t in state.values()):
            return Stored(state=dict(state), content={} if state is content else rest, stamp=stamp)
    raise Unreadable(f"it holds neither a model nor a state dict, but: {', '.join(map(str, list(content)[:12]))}")


def _attributes(module):
    if isinstance(module.state, dict):
        return module.state
    raise Unreadable(f"its {module.path or 'object'} is no module of torch's")


def _tensors(module, prefix):
    """Yield what `state_dict` would hold of a module, by dotted name."""
    attributes = _attributes(module)
    fleeting = attributes.get("_non_persistent_buffers_set") or ()
    fleeting = fleeting.items if isinstance(fleeting, Inert) else fleeting
    for kind in ("_parameters", "_buffers"):
        for name, tensor in (attributes.get(kind) or {}).items():
            if isinstance(tensor, torch.Tensor) and name not in fleeting:
                yield f"{prefix}{name}", tensor.detach()
            elif isinstance(tensor, Inert):
                raise Unreadable(f"{prefix}{name} is a {tensor.path}, which is no plain tensor")
    for name, child in (attributes.get("_modules") or {}).items():
        if isinstance(child, Inert):
            yield from _tensors(child, f"{prefix}{name}.")
