"""The arguments with which parse_model calls each layer's class, recorded while it builds, and their meaning."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any

from torch.nn import Module

from ...wire.arguments import WORDS, meaning_of
from ..protocol.plain_values import plain

if TYPE_CHECKING:
    from _typeshed import ProfileFunction

# A class that reads a number meant for one of these as another computes something else, without an error.
_CRITICAL = {"kernel", "stride", "groups"}


class Recorder:
    """Records, while it is entered, the named arguments with which `parse_model` constructs its layers.

    Attributes:
        calls: (layer index, class name, {argument: value}) in the order of construction; a repeated layer is in it
            once.
        evaluated: by layer index, the row's own arguments after parse_model evaluated its strings.
        given: by layer index, those of the arguments that parse_model passed itself.
        in_place: by name in the model, whether a module works in place, as its constructor left it: upstream changes
            this right after parse_model.
        counted: how many channels parse_model counted for each layer that it made.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[int, str, dict[str, Any]]] = []
        self.given: dict[int, dict[str, Any]] = {}
        self.evaluated: dict[int, list[Any]] = {}
        self.in_place: dict[str, bool] = {}
        self.counted: list[int] = []
        self._before: ProfileFunction | None = None

    def __enter__(self) -> Recorder:
        self._before = sys.getprofile()
        sys.setprofile(self._watch)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)

    def of_layer(self, index: int) -> tuple[str, dict[str, Any]] | None:
        """Return the class name and the arguments of a layer, or None."""
        return next(((name, bound) for i, name, bound in self.calls if i == index), None)

    def _watch(self, frame: FrameType, event: str, given: object) -> None:
        if event == "return" and frame.f_code.co_name == "parse_model":
            self._keep_in_place(given)
            self.counted = list(frame.f_locals.get("ch") or ())
        if event != "call" or frame.f_code.co_name != "__init__":
            return
        caller = _parse_model_of(frame.f_back)
        if caller is None:
            return
        found = caller.f_locals
        index = found.get("i")
        values = inspect.getargvalues(frame)
        owner = values.locals[values.args[0]] if values.args else None
        if index is None or index in self.given or not isinstance(owner, Module):
            return
        written = found.get("d")
        if isinstance(written, dict):  # the parsed file: the strings in its rows are replaced in place
            self.evaluated[index] = list([*written["backbone"], *written["head"]][index][3])
        named = {name: plain(values.locals[name]) for name in values.args[1:]}
        self.given[index] = dict(list(named.items())[: len(found.get("args", ()))])
        if values.varargs:
            named[values.varargs] = plain(values.locals[values.varargs])
        self.calls.append((index, type(owner).__name__, named))

    def _keep_in_place(self, returned: object) -> None:
        layers = returned[0] if isinstance(returned, tuple) and returned else None
        if isinstance(layers, Module):
            named = {f"model.{name}": getattr(module, "inplace", None) for name, module in layers.named_modules()}
            self.in_place = {name: flag for name, flag in named.items() if isinstance(flag, bool)}


def role(name: str) -> str | None:
    """Return what an argument of this name means in a layer: `kernel`, `stride`, ...; None where it is unknown."""
    return WORDS.get(meaning_of(name) or "")


def misread(own: Mapping[str, Any], base: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the arguments that are at one position of two layers' calls, and have different meanings there.

    Args:
        own, base: what parse_model passed each (see Recorder.given), for rows with the same arguments.

    Returns:
        for each position that concerns a kernel, a stride or groups: `value`, `reads_as` and `base_reads_as`.
    """
    if len(own) != len(base):
        return []  # their branches in parse_model pass different arguments: positions cannot be compared
    return [
        {"value": value, "reads_as": name, "base_reads_as": role(base_name) or base_name}
        for (name, value), base_name in zip(own.items(), base)
        if role(name) != role(base_name) and {role(name), role(base_name)} & _CRITICAL
    ]


def value_of(bound: Mapping[str, Any], wanted: str) -> Any:
    """Return the value that named arguments hold for a role, None where no argument has the role."""
    return next((value for name, value in bound.items() if role(name) == wanted), None)


def _parse_model_of(frame: FrameType | None) -> FrameType | None:
    """Return the frame of parse_model if it is the caller, directly or by its generator over repeats; else None."""
    if frame is not None and frame.f_code.co_name == "<genexpr>":
        frame = frame.f_back
    return frame if frame is not None and frame.f_code.co_name == "parse_model" else None
