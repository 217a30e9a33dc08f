"""Causes that lie in a head of the user's own: what upstream's code around it reads, and what it measured of it.

A rule takes what was raised, the model, and the model before it was fused; it returns None where it does not apply.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Sequence
from types import FrameType
from typing import Any

from torch import Tensor
from torch.nn import Module

from ..cause import Cause
from ..raising import Raised, frames_of, is_users

_NO_ATTRIBUTE = re.compile(r"^'(\w+)' object has no attribute '(\w+)'")


def head_lacks(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """Upstream's code reads an attribute of the head that a head of the user's own does not have."""
    match, users = _NO_ATTRIBUTE.search(str(found.error)), _users(frames_of(found.error))
    if match is None or not isinstance(found.error, AttributeError) or not users:
        return None
    name, head = next(((key, one) for key, one in users[-1].f_locals.items() if _is_layer(one, match[1])), ("", None))
    if head is None or name == "self":
        return None
    lacks = [one for one in _attributes_of(name, users[-1]) if not hasattr(head, one)] or [match[2]]
    cls = type(head).__name__
    return Cause(
        f"{found.line} reads {', '.join(lacks)} of layer {head.i} ({cls}), which has none",
        f"set {', '.join(f'self.{one}' for one in lacks)} in the constructor of {cls} as upstream's own head has them, "
        "or inherit from it; a head that is trained by a loss of its own needs that loss in upstream's place",
    )


def _users(frames: Sequence[FrameType]) -> list[FrameType]:
    return [frame for frame in frames if is_users(frame.f_code.co_filename)]


def _is_layer(value: Any, name: str) -> bool:
    return isinstance(value, Module) and type(value).__name__ == name and hasattr(value, "i")


def _attributes_of(name: str, frame: FrameType) -> list[str]:
    """Return the attributes that the code of a frame reads of one of its variables, each once."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(frame.f_code)))
    except (OSError, SyntaxError):
        return []
    read = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load))
    return list(dict.fromkeys(node.attr for node in read if isinstance(node.value, ast.Name) and node.value.id == name))


_UNEQUAL = re.compile(r"The size of tensor a \(\d+\) must match the size of tensor b \(\d+\)")


def other_strides(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A head has another number of strides than of maps, so that upstream's boxes of its maps do not fit."""
    frames = frames_of(found.error)
    users = _users(frames)
    if not users or not _UNEQUAL.search(str(found.error)) or "self" in users[-1].f_locals:
        return None  # upstream's own functions of boxes are no methods; a mistake in the head's own code is another one
    heads = [owner for frame in frames if _reads_several(owner := frame.f_locals.get("self"))]
    head: Any = heads[-1] if heads else None
    stride = getattr(head, "stride", None)
    if not isinstance(stride, Tensor) or stride.numel() == len(head.f):
        return None
    return Cause(
        f"layer {head.i} ({type(head).__name__}) has {stride.numel()} of the {len(head.f)} strides of its maps: "
        f"{found.line} cannot make boxes of them",
        "upstream measures the strides from what the head returns in training while the model is built: return there "
        "one map for each map that its row names, as upstream's own head does",
    )


def _reads_several(owner: object) -> bool:
    return isinstance(owner, Module) and isinstance(getattr(owner, "f", None), list) and hasattr(owner, "stride")
