"""Read a checkpoint as data, without running any code in it.

Upstream's checkpoints are pickles of whole models. Tensors, class names and the model's YAML are read as data: no class
of theirs is imported, so checkpoints of other releases and forks are read, too, and nothing in the file is called.
"""

from __future__ import annotations

import os
import pickle
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ...wire.checkpoint_keys import MODEL, MODELS, OPTIMIZER, STAMP
from ..pickled.archive import NoArchive, read_checked
from ..pickled.reader import Inert, InertUnpickler

_MOST_MODULES = 100_000  # one that is held twice counts twice; an x model has a thousand
_DEEPEST = 100  # modules in modules; upstream's have ten
_WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel and DDP, and of torch.compile
_REBUILDING = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter", "_rebuild_parameter_with_state")


@dataclass(frozen=True)
class Stored:
    """A checkpoint's model as data.

    Attributes:
        state: the model's `state_dict`, in the order of its modules.
        yaml: the parsed YAML that it was built from, None for a state dict without a model.
        names: the names of the object classes by number, None where it has none.
        model_class: the model's class as the file names it: `ultralytics.nn.tasks.DetectionModel`; "" without one.
        content: the other entries: epoch, training arguments, upstream's version.
        stamp: the data that rebuilds the fork that wrote it, None without a stamp.
    """

    state: dict[str, Tensor]
    yaml: dict[str, Any] | None = None
    names: Any = None
    model_class: str = ""
    content: dict[Any, Any] = field(default_factory=dict)
    stamp: dict[str, Any] | None = None


class Unreadable(Exception):
    """The file is not a checkpoint, or holds no model. The message says what was found."""


class _Unpickler(InertUnpickler):
    allowed = types.MappingProxyType(
        {
            **{("torch._utils", name): getattr(torch._utils, name) for name in _REBUILDING},
            ("torch", "Size"): torch.Size,
        }
    )


# torch.load uses this in place of the pickle module
_PICKLE = types.SimpleNamespace(
    __name__="inert", Unpickler=_Unpickler, load=lambda file, **options: _Unpickler(file, **options).load()
)


def read_stored(file: str | os.PathLike[str]) -> Stored:
    """Read a checkpoint of upstream's, or a state dict.

    Raises:
        Unreadable: the file is not one of torch's, is cut short, or holds neither.
    """
    try:
        read_checked(file)
        content = torch.load(file, map_location="cpu", pickle_module=_PICKLE, weights_only=False)
    except NoArchive as error:
        raise Unreadable(str(error)) from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError, TypeError) as error:
        raise Unreadable(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}") from error
    if isinstance(content, Inert):
        content = {MODEL: content}
    if not isinstance(content, dict):
        raise Unreadable(f"it holds a {type(content).__name__}, not a checkpoint")
    return _stored(content)


def _stored(content: dict[Any, Any]) -> Stored:
    model = next((content[key] for key in MODELS if content.get(key)), None)
    rest = {key: value for key, value in content.items() if key not in (*MODELS, OPTIMIZER)}
    stamp = rest.get(STAMP) if isinstance(rest.get(STAMP), dict) else None
    if isinstance(model, Inert):
        attributes = _attributes(model)
        names, yaml = attributes.get("names"), attributes.get("yaml")
        return Stored(
            state=dict(_tensors(model, "", iter(range(_MOST_MODULES)))),
            yaml=yaml if isinstance(yaml, dict) else None,
            names=dict(enumerate(names)) if isinstance(names, list) else names,
            model_class=model.path,
            content=rest,
            stamp=stamp,
        )
    for state in (model, content.get("state_dict"), content):
        if isinstance(state, dict) and state and all(isinstance(t, Tensor) for t in state.values()):
            return Stored(state=_without_wrapper(state), content={} if state is content else rest, stamp=stamp)
    if any(key in content for key in MODELS):
        raise Unreadable(f"its {' and its '.join(key for key in MODELS if key in content)} are empty")
    raise Unreadable(f"it holds neither a model nor a state dict, but: {', '.join(map(str, list(content)[:12]))}")


def _without_wrapper(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict without what stands before all of its names where a wrapped model was saved."""
    prefix = next((one for one in _WRAPPERS if all(name.startswith(one) for name in state)), "")
    return {name[len(prefix) :]: tensor for name, tensor in state.items()}


def _attributes(module: Inert) -> dict[str, Any]:
    if isinstance(module.state, dict):
        return module.state
    raise Unreadable(f"its {module.path or 'object'} is not a module of torch's")


def _tensors(module: Inert, prefix: str, left: Iterator[int]) -> Iterator[tuple[str, Tensor]]:
    """Yield the entries of a module's `state_dict`; `left` has one item for each module that may still be read."""
    if next(left, None) is None or prefix.count(".") > _DEEPEST:
        raise Unreadable("its modules hold each other without an end")
    attributes = _attributes(module)
    listed = attributes.get("_non_persistent_buffers_set") or ()
    not_saved = listed.items if isinstance(listed, Inert) else listed
    for kind in ("_parameters", "_buffers"):
        for name, tensor in (attributes.get(kind) or {}).items():
            if isinstance(tensor, Tensor) and name not in not_saved:
                yield f"{prefix}{name}", tensor.detach()
            elif isinstance(tensor, Inert):
                raise Unreadable(f"{prefix}{name} is a {tensor.path}, which is not a plain tensor")
    for name, child in (attributes.get("_modules") or {}).items():
        if isinstance(child, Inert):
            yield from _tensors(child, f"{prefix}{name}.", left)
