"""Which module of a model raised an exception, and its message."""

from __future__ import annotations

from traceback import walk_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.nn import Module


def raising_module(model: Module, error: BaseException) -> str:
    """Return the dotted name of the innermost module of the model in the traceback; empty where it has none."""
    names = {id(module): name for name, module in model.named_modules()}
    found = ""
    for frame, _ in walk_tb(error.__traceback__):
        found = names.get(id(frame.f_locals.get("self")), found)
    return found


def describe_error(model: Module, error: BaseException) -> str:
    """Return one clause that says which module raised what."""
    return f"{raising_module(model, error) or 'it'} raises {type(error).__name__}: {first_line(error)[:200]}"


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's message."""
    return (str(error).strip().splitlines() or ["no message"])[0]
