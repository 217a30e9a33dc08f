"""Causes that lie in the code of a layer: what it takes, returns and calls, and the names that it uses.

A rule takes what was raised, the model, and the model before it was fused; it returns None where it does not apply.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any

import torch.nn as nn
from torch import Tensor
from torch.nn import Module

from ..axes import MAP_AXES
from ..cause import Cause, place, search
from ..kept_tensors import computed_tensors
from ..raising import Raised, first_line, frames_of


def not_a_tensor(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A layer gave something that the next layer cannot take."""
    if found.runner is None or not isinstance(found.error, (TypeError, AttributeError)):
        return None
    layer: Any = found.runner.f_locals.get("m")
    given = found.runner.f_locals.get("x")
    if getattr(layer, "i", None) is None:
        return None
    sources = layer.f if isinstance(layer.f, list) else [layer.f]
    values = given if isinstance(layer.f, list) and isinstance(given, list) else [given]
    layers = list(found.runner.f_locals["self"].model)
    for source, value in zip(sources, values):
        index = layer.i + source if source < 0 else source
        if isinstance(value, Tensor) or index < 0:
            continue
        name = type(layers[index]).__name__
        if isinstance(value, Module):
            made = type(value).__name__
            return Cause(
                f"layer {index} ({name}) returns a module ({made}) in place of a map, and layer {layer.i} "
                f"({type(layer).__name__}) needs a tensor",
                f"somewhere in {name} the class {made} is called in place of one of its objects: make the object in "
                f"the constructor, with its parentheses: {made}()",
            )
        mode = "training" if layers[index].training else "eval"
        kind = "nothing (None)" if value is None else f"a {type(value).__name__}"
        return Cause(
            f"layer {index} ({type(layers[index]).__name__}) returns {kind} in {mode}, and layer {layer.i} "
            f"({type(layer).__name__}) needs a tensor",
            f"let the forward of {type(layers[index]).__name__} return one tensor, in training and in eval",
        )
    return None


_NOT_ASSIGNED = re.compile(r"cannot assign '\w+' as (?:child module|parameter|buffer) '(i|f|type|np)'")


def taken_name(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A layer has a part under a name in which parse_model puts something else."""
    match = search(_NOT_ASSIGNED, found)
    if match is None:
        return None
    return Cause(
        f"it has a part called {match[1]}, and {found.line or 'parse_model'} puts something else there",
        f"give the part another name than self.{match[1]}: upstream sets i, f, type and np in every layer",
    )


def compiled(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """An exporter got a part that the model's own code has compiled."""
    if "dynamo-optimized function" not in str(found.error):
        return None
    return Cause(
        f"{place(found) or 'the model'} calls what its code compiles with torch.compile, which no exporter can trace",
        "keep the part as it is, and compile the whole model where you train or predict with it: torch.compile(model)",
    )


_BEFORE_INIT = re.compile(r"cannot assign \w+ before (?:\w+\.)?__init__\(\) call")


def no_super(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A constructor keeps a layer or a tensor before it has called that of nn.Module."""
    if search(_BEFORE_INIT, found) is None:
        return None
    cls = _class_at(found)
    return Cause(
        f"{place(found) or cls}: {cls} keeps a layer or a tensor before nn.Module is set up",
        f"write super().__init__() as the first line of the constructor of {cls}",
    )


def _class_at(found: Raised) -> str:
    """Return the name of the class whose method raised, "the class" where none did."""
    owners = [frame.f_locals.get("self") for frame, _ in walk_tb(found.error.__traceback__)]
    modules = [type(owner).__name__ for owner in owners if isinstance(owner, Module)]
    return modules[-1] if modules else "the class"


def second_backward(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A step of training went back into the step before it."""
    if "backward through the graph a second time" not in str(found.error):
        return None
    models = [frame.f_locals.get("model") for frame, _ in walk_tb(found.error.__traceback__)]
    kept = next((names for one in models if isinstance(one, Module) and (names := computed_tensors(one))), [])
    who = f"{kept[0][0]} keeps" if kept else "something in the model keeps"
    return Cause(
        f"the second step of training goes back into the first: {who} a tensor with its gradient's history",
        "keep it without its history: self.name = value.detach()",
    )


_NO_FORWARD = re.compile(r"Module \[(\w+)\] is missing the required \"forward\" function")
_HOLDERS = ("ModuleList", "ModuleDict", "ParameterList", "ParameterDict")


def no_forward(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A module was called whose class has no forward."""
    match = search(_NO_FORWARD, found)
    if match is None:
        return None
    cls = match[1]
    if cls in _HOLDERS:
        return Cause(
            f"{place(found) or 'the model'} calls a {cls}, which only holds others",
            f"loop over the {cls}, or use nn.Sequential, which calls one after the other",
        )
    return Cause(
        f"{found.layer or 'the model'} calls {cls}, and its class has no forward",
        f"define forward(self, x) in the class {cls}: one that is indented too far is a function inside another one, "
        "and one with a wrong letter is another method",
    )


def lazy(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A layer waits with its parameters for its first input."""
    if "uninitialized parameter" not in str(found.error):
        return None
    return Cause(
        "it holds one of torch's lazy layers, and upstream counts the parameters of each layer before it first runs",
        "use the layer that is not lazy (nn.Conv2d for nn.LazyConv2d), with the input channels that parse_model passes",
    )


_WRONG_CALL = re.compile(r"\bforward\(\) (?:missing|takes)")


def other_inputs(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """Upstream's loop called a layer whose forward takes more than one value, or none."""
    if found.runner is None or not isinstance(found.error, TypeError) or search(_WRONG_CALL, found) is None:
        return None
    layer: Any = found.runner.f_locals.get("m")
    if getattr(layer, "i", None) is None or found.function != found.runner.f_code.co_name:
        return None  # something inside the layer is called in a wrong way, at the line that the message names
    called = layer[0] if type(layer) is nn.Sequential else layer  # a row with repeats
    names = _required(type(called).forward)
    if len(names) == 1:
        return None
    cls, several = type(called).__name__, isinstance(layer.f, list)
    if not names:
        return Cause(
            f"layer {layer.i} ({cls}): upstream calls it with one value, and its forward takes none",
            f"write it as def forward(self, x) in the class {cls}",
        )
    what = (
        f"layer {layer.i} ({cls}): upstream calls it with one value, and its forward takes {len(names)}: "
        f"{', '.join(names)}"
    )
    if several and len(names) == len(layer.f):
        return Cause(
            what,
            "where a row names several layers, upstream hands over one list of their maps: write def forward(self, x), "
            f"and {', '.join(names)} = x as its first line",
        )
    return Cause(
        what,
        f"upstream has no value for {', '.join(names[1:])}: give it a default, name the layers that it comes from in "
        "the row and take them out of the list x in def forward(self, x), or use a class that takes one map",
    )


def _required(function: Callable[..., object]) -> list[str]:
    """Return the names of the values that a method needs, without self."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return ["x"]
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [one.name for one in parameters if one.default is one.empty and one.kind in positional]


_NO_NAME = re.compile(r"^name '(\w+)' is not defined")


def unknown_name(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The code uses a name that its file neither defines nor imports."""
    match = _NO_NAME.search(str(found.error)) if type(found.error) is NameError else None
    if match is None:
        return None
    *_, (frame, _number) = walk_tb(found.error.__traceback__)
    file = Path(frame.f_code.co_filename).name
    where = place(found) or file
    return Cause(
        f"{where} uses the name {match[1]}, which {file} neither defines nor imports",
        _import_of(match[1], str(frame.f_globals.get("__name__", "")))
        or f"import {match[1]} in {file}, or define it there",
    )


def _import_of(name: str, where: str) -> str:
    """Return how other files of the same package get a name; empty where none of them has it.

    Args:
        name: the name.
        where: the Python module that lacks it.
    """
    package = where.partition(".")[0]
    for key, module in sorted(sys.modules.items()):
        value = getattr(module, name, None) if key.partition(".")[0] == package and key != where else None
        if isinstance(value, ModuleType):
            parent, _, last = value.__name__.rpartition(".")
            written = f"import {value.__name__}" + (f" as {name}" if parent or last != name else "")
            return f"write `{written}` at its top, as {_file_of(key)} does"
        if getattr(value, "__module__", "") == key and getattr(value, "__name__", "") == name:
            return f"{_file_of(key)} defines it: write `from {key} import {name}` at its top"
    return ""


def _file_of(key: str) -> str:
    return Path(getattr(sys.modules[key], "__file__", None) or key).name


_NO_OPERATOR = re.compile(r"'_OpNamespace' '(\w+)' object has no attribute '(\w+)'")


def unregistered_operator(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The code calls an operator of a package that nothing has imported: torch knows it from then on."""
    match = _NO_OPERATOR.search(str(found.error)) if isinstance(found.error, AttributeError) else None
    if match is None:
        return None
    package, operator = match.groups()
    return Cause(
        f"{place(found) or 'the code'} calls torch.ops.{package}.{operator}, which torch has only once {package} is "
        "imported",
        f"write `import {package}` at the top of the file that calls it",
    )


def missing_import(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """An import names a file that the checkout lacks, or what its file does not define."""
    error, frames = found.error, frames_of(found.error)
    homes = {str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame in frames}
    if not isinstance(error, ImportError) or not error.name or error.name.partition(".")[0] not in homes:
        return None  # a library that is not installed is explained elsewhere
    file = f"{error.name.replace('.', '/')}.py"
    if isinstance(error, ModuleNotFoundError):
        return Cause(
            f"{found.line or 'an import'} imports {error.name}, and this checkout has no such file",
            f"add {file} to the checkout, or take the import out",
        )
    return Cause(
        f"{found.line or 'an import'}: {first_line(error)[:200]}",
        f"define the name in the file of {error.name}, or take the import out",
    )


_OF_LAST_AXIS = {nn.Linear: "in_features", nn.LayerNorm: "normalized_shape"}  # and how many values it has there


def last_axis(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A layer of torch's for the last axis got a map, whose channels are another axis."""
    owner = found.module
    attribute = next((name for cls, name in _OF_LAST_AXIS.items() if isinstance(owner, cls)), None)
    given = _given_to(owner, found)
    if owner is None or attribute is None or given is None or given.dim() != MAP_AXES:
        return None
    wanted = getattr(owner, attribute)
    channels = wanted if isinstance(wanted, int) else next(iter(wanted), None) if len(wanted) == 1 else None
    if given.shape[1] != channels or given.shape[-1] == channels:
        return None
    kind = type(owner).__name__
    return Cause(
        f"{place(found) or kind}: {kind} takes the {channels} channels on the last axis, and gets a map, "
        f"{list(given.shape)}, which has its width there",
        "move the axis and move it back: x.permute(0, 2, 3, 1) before it, and y.permute(0, 3, 1, 2) after it; or use "
        + ("nn.Conv2d with a kernel of 1" if isinstance(owner, nn.Linear) else "nn.GroupNorm(1, channels)"),
    )


def _given_to(owner: Module | None, found: Raised) -> Tensor | None:
    """Return the input of a layer of torch's that raised, None where it is not known."""
    frames = [frame for frame, _ in walk_tb(found.error.__traceback__) if frame.f_locals.get("self") is owner]
    given = next((frame.f_locals["input"] for frame in frames if "input" in frame.f_locals), None)
    return given if isinstance(given, Tensor) else None


_DIMENSIONS = re.compile(r"(?:^Lazy|[a-z])([123])d$")


def other_axes(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A layer of torch's for signals, maps or volumes got a tensor with other axes."""
    owner = found.module
    match = (
        _DIMENSIONS.search(type(owner).__name__) if owner and type(owner).__module__.startswith("torch.nn") else None
    )
    given = _given_to(owner, found)
    if match is None or given is None or given.dim() == int(match[1]) + 2:
        return None
    kind, axes = type(owner).__name__, int(match[1]) + 2
    return Cause(
        f"{place(found) or kind}: {kind} takes a tensor of {axes} axes, and gets one of {given.dim()}, "
        f"{list(given.shape)}",
        f"use {kind[:-2]}2d, which takes maps"
        if given.dim() == 4
        else f"give it its axes by a view or unsqueeze, or use the class for {given.dim()} axes",
    )
