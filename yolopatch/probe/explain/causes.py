"""The known causes of exceptions that a model's code raises, each with its remedy: one table for every task.

An exception that is not in the table is told as it is, with its module and its line. A guess at a remedy would send
the user to the wrong place.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import FrameType, ModuleType
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn import Module

from .kept_tensors import computed_tensors
from .raising import Raised, first_line, is_users, raised


@dataclass(frozen=True)
class Cause:
    """Why an exception was raised.

    Attributes:
        what: one clause that names the layer or the module, and what it does.
        remedy: what to do.
        is_kernel_missing: torch has no code for this operator, type and device: the model is not to blame.
    """

    what: str
    remedy: str
    is_kernel_missing: bool = False


def cause_of(model: Module | None, error: BaseException, original: Module | None = None) -> Cause:
    """Return the cause of an exception.

    Args:
        model: the model whose code raised it; None where it was not built.
        error: the exception, with its traceback.
        original: where `model` is fused, the same model before that.
    """
    found = raised(model, error)
    return _known(found, model, original) or _unknown(found)


def known_cause(model: Module | None, error: BaseException, original: Module | None = None) -> Cause | None:
    """Return the cause of an exception where the table has it; see `cause_of`."""
    return _known(raised(model, error), model, original)


def _known(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    return next(filter(None, (rule(found, model, original) for rule in _TABLE)), None)


def _unknown(found: Raised) -> Cause:
    who = found.name or (type(found.module).__name__ if found.module else "it")
    what = f"{who} raises {type(found.error).__name__}: {first_line(found.error)[:200]}"
    return Cause(what, f"look at {found.line}" if found.line else "see the traceback: no line of it is yours")


def _messages(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield str(error)
        error = error.__cause__


def _search(pattern: re.Pattern[str], found: Raised) -> re.Match[str] | None:
    return next(filter(None, map(pattern.search, _messages(found.error))), None)


def _place(found: Raised) -> str:
    """Return the module and its line, in words; empty where neither is known."""
    named = f"{found.name} ({type(found.module).__name__})" if found.name else found.layer
    return ", ".join(part for part in (named, found.line) if part)


# The rules: each takes what was raised, the model, and the model before it was fused


def _not_a_tensor(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
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


def _deleted_by_fuse(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """forward_fuse reads what upstream's fuse() has deleted."""
    name, owner = getattr(found.error, "name", None), found.module
    if not isinstance(found.error, AttributeError) or owner is None or original is None:
        return None
    # in an export upstream fuses a copy, whose modules have no names here
    alike = [m for key, m in original.named_modules() if (key == found.name if found.name else type(m) is type(owner))]
    if not isinstance(name, str) or not any(hasattr(module, name) for module in alike):
        return None
    cls = type(owner).__name__
    who = f"{found.name} ({cls})" if found.name else cls
    return Cause(
        f"{who}, {found.line}, uses self.{name}, which upstream's fuse() has deleted",
        f"let {found.function} of {cls} do without self.{name}, with its own fold of it into the kernel; or derive "
        f"{cls} from nn.Module, which fuse() leaves alone",
    )


_KERNELS = (
    re.compile(r"[\"']?(?P<operator>[\w:]+)[\"']? not implemented for '?(?P<type>\w+)'?"),
    re.compile(r"Unsupported dtype (?P<type>Half|BFloat16)"),  # of torch.fft, which names no operator
    re.compile(r"(?P<operator>mkldnn\w*): .*(?P<type>bf16|fp16) path needs the cpu support"),
)


def _no_kernel(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """Torch has no code for an operator in this type on this device."""
    match = next(filter(None, (_search(pattern, found) for pattern in _KERNELS)), None)
    if match is None:
        return None
    operator = match.groupdict().get("operator", "an operator")
    device = next((str(p.device.type) for p in model.parameters()), "cpu") if model is not None else "cpu"
    where = f" ({_place(found)})" if _place(found) else ""
    return Cause(
        f"torch has no {device.upper()} code for {operator} in {_type_name(match['type'])}{where}",
        "the model is not to blame: try it on a GPU" if device == "cpu" else "compute this part in float32",
        is_kernel_missing=True,
    )


_TYPES = tuple(
    re.compile(pattern)
    for pattern in (
        r"expected scalar type (\w+) but found (\w+)",
        r"Input type \((.+?)\) and (?:weight|bias) type \((.+?)\) should be the same",
        r"same dtype, but got:? (\S+?)(?: !=| and) (\S+)",
        r"dtypes match, got (\w+) for the destination and (\w+)",
        r"result type (\w+) can't be cast to the desired output type (\w+)",
    )
)


def _two_types(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A tensor of one type met one of another."""
    match = next(filter(None, (_search(pattern, found) for pattern in _TYPES)), None)
    if match is None:
        return None
    first, second = (_type_name(text) for text in match.groups())
    return Cause(
        f"{_place(found) or 'an operator'} mixes two types, {first} and {second}",
        "make the constants of forward in the type of its input (.to(x.dtype)), and cast back after a .float()",
    )


def _type_name(text: str) -> str:
    """Return torch's name of a type: its messages have c10::Half, torch.cuda.HalfTensor and Half for one."""
    word = re.split(r"[.:]", text.strip("() "))[-1].removesuffix("Tensor")
    known = {"half": "float16", "fp16": "float16", "bf16": "bfloat16", "float": "float32", "double": "float64"}
    return known.get(word.lower(), word.lower())


_MAIN = re.compile(r"Can't (?:get attribute|pickle) .*?(?:'(\w+)' on <module '__main__'|<class '__main__\.(\w+)'>)")


def _of_main(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A class was defined in the script that trained."""
    match = _search(_MAIN, found)
    if match is None:
        return None
    cls = match[1] or match[2]
    return Cause(
        f"the class {cls} is defined in a script that was run (__main__), so another program cannot find it",
        f"move {cls} into a file that is imported, such as one of upstream's own, and train again from there",
    )


_NOT_PICKLED = re.compile(r"Can't pickle (?:local object )?(.+?)(?::|$)|cannot pickle '(.+?)' object")


def _not_pickled(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """pickle met something that it cannot store."""
    match = _search(_NOT_PICKLED, found)
    if match is None:
        return None
    return Cause(
        f"it holds what pickle cannot store: {first_line(found.error)[:200]}",
        "hold no lambda, local class or open file in a module; a function at the top of a file can be stored",
    )


_PARAMETRIZED = "Serialization of parametrized modules"
_SCRIPTED = re.compile(r"Tried to serialize object (?:__torch__\.)?([\w.]+)")


def _not_stored(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The whole model is to be stored, and a part of it can only be stored as a state dict."""
    scripted = _search(_SCRIPTED, found)
    if scripted is None and _PARAMETRIZED not in str(found.error):
        return None
    parts = [] if model is None else list(model.named_modules())
    if scripted is not None:
        names = [name for name, part in parts if isinstance(part, torch.jit.ScriptModule)]
        return Cause(
            f"{names[0] if names else scripted[1].rpartition('.')[2]} is a module of TorchScript, which pickle cannot "
            "store, and upstream stores the whole model",
            "keep the module itself, without torch.jit.script; a function may be scripted",
        )
    names = [name for name, part in parts if hasattr(part, "parametrizations")]
    return Cause(
        f"{names[0] if names else found.name or 'a module'} computes its weight by torch.nn.utils.parametrize (as "
        "weight_norm and spectral_norm do), which pickle cannot store, and upstream stores the whole model",
        "keep the plain parameter, and compute the weight from it in forward",
    )


_MEMORY = re.compile(r"(?:tried to allocate|Tried to allocate) ([\d.]+ ?\w+)")


def _memory(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The memory was not enough."""
    match = _search(_MEMORY, found)
    if match is None and not isinstance(found.error, MemoryError):
        return None
    amount = f": it asks for {_megabytes(match[1])} at once" if match else ""
    return Cause(
        f"{_place(found) or 'the model'} needs more memory than there is{amount}",
        "the check `memory` names the layer with the largest tensor, and its shape; try a smaller --imgsz (memory that "
        "grows with the square of the pixels comes from attention over all of them)",
    )


def _megabytes(text: str) -> str:
    number = re.fullmatch(r"(\d+) ?bytes", text)
    return f"{int(number[1]) / 1e6:,.0f} MB" if number else text


def _computed_attribute(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """deepcopy met a tensor that has a gradient's history."""
    if model is None or "graph leaves" not in str(found.error):
        return None
    kept = computed_tensors(model)
    if not kept:
        return None
    name, by = kept[0]
    more = f" and {len(kept) - 1} more" if len(kept) > 1 else ""
    return Cause(
        f"{name}{more} is computed from parameters and kept" + (f" by {by}" if by else "") + ", so it cannot be copied",
        "keep the parameters that it comes from, and compute it in forward; a statistic is kept without its history "
        "(.detach())",
    )


def _one_value(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A BatchNorm or InstanceNorm that trains got one value for each channel."""
    if not re.search(r"more than 1 (?:value per channel|spatial element)", str(found.error)):
        return None
    kind = "a BatchNorm" if found.module is None else type(found.module).__name__
    return Cause(
        f"{found.name or kind} gets one value per channel while it trains ({first_line(found.error)[:120]})",
        "BatchNorm and InstanceNorm cannot normalise one value per channel: use none after a global pooling, or "
        "LayerNorm",
    )


_GPU_ONLY = re.compile(
    r"is_cuda\(\)|(?:must|should) be (?:an? )?(?:on )?(?:CUDA|GPU)|[Oo]nly \w+ (?:on |for )?(?:CUDA|GPU)"
)


def _gpu_only(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The code asks for a GPU."""
    if _search(_GPU_ONLY, found) is None:
        return None
    return Cause(
        f"{_place(found) or 'the model'} runs on a GPU only ({first_line(found.error)[:120]})",
        "upstream builds each model on the CPU, and runs it there to measure its strides: give the module a slower way "
        "for the CPU, made of torch's own operators, which exports take, too",
    )


_CONVOLUTIONS = {"conv": "conv", "deconv": "conv_transpose"}  # in upstream's folds, and in its modules


def _not_folded(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """fuse() folds `bn` into a convolution, and one of them is something else."""
    for frame in reversed([frame for frame, _ in walk_tb(found.error.__traceback__)]):
        norm, held = frame.f_locals.get("bn"), next((key for key in _CONVOLUTIONS if key in frame.f_locals), "")
        convolution = frame.f_locals.get(held)
        if not isinstance(norm, Module) or not isinstance(convolution, Module):
            continue
        if not isinstance(norm, nn.modules.batchnorm._BatchNorm):
            return _unfoldable(original, "bn", norm, _CONVOLUTIONS[held])
        if not isinstance(convolution, nn.modules.conv._ConvNd):
            return _unfoldable(original, _CONVOLUTIONS[held], convolution, _CONVOLUTIONS[held])
        return None
    return None


def _unfoldable(original: Module | None, name: str, part: Module, convolution: str) -> Cause:
    """Return the cause for a part that fuse() cannot fold; `name` is that of the attribute that holds it."""
    modules = [] if original is None else list(original.named_modules())
    path, owner = next(((path, m) for path, m in modules if type(getattr(m, name, None)) is type(part)), ("", None))
    cls, kind = "a class" if owner is None else type(owner).__name__, type(part).__name__
    who = f"{path} ({cls})" if path else cls
    if convolution == "conv_transpose" and isinstance(part, nn.Identity) and (switched := _switches_norm(owner)):
        return Cause(
            f"{who} has no BatchNorm (bn=False), and upstream's fuse() folds self.bn of each {switched}, whatever it "
            "is: upstream is to blame",
            f"leave {switched} its BatchNorm (bn=True), or use torch's own nn.ConvTranspose2d in its place",
        )
    return Cause(
        f"{who} has a {kind} as self.{name}, and upstream's fuse() takes self.bn for a BatchNorm that it can fold into "
        f"the convolution self.{convolution}",
        f"give self.{name} another name, and use it in the forward and the forward_fuse of {cls}; or derive {cls} from "
        "nn.Module, which fuse() leaves alone",
    )


def _switches_norm(owner: Module | None) -> str:
    """Return the class of a module, or that it inherits from, whose constructor has the switch `bn`; "" for none."""
    classes = (one for one in type(owner).__mro__ if "__init__" in vars(one) and one is not object)
    return next((one.__name__ for one in classes if "bn" in inspect.signature(one).parameters), "")


_BEFORE_INIT = re.compile(r"cannot assign \w+ before (?:\w+\.)?__init__\(\) call")


def _no_super(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A constructor keeps a layer or a tensor before it has called that of nn.Module."""
    if _search(_BEFORE_INIT, found) is None:
        return None
    cls = _class_at(found)
    return Cause(
        f"{_place(found) or cls}: {cls} keeps a layer or a tensor before nn.Module is set up",
        f"write super().__init__() as the first line of the constructor of {cls}",
    )


def _class_at(found: Raised) -> str:
    """Return the name of the class whose method raised, "the class" where none did."""
    owners = [frame.f_locals.get("self") for frame, _ in walk_tb(found.error.__traceback__)]
    modules = [type(owner).__name__ for owner in owners if isinstance(owner, Module)]
    return modules[-1] if modules else "the class"


def _second_backward(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
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


def _no_forward(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A module was called whose class has no forward."""
    match = _search(_NO_FORWARD, found)
    if match is None:
        return None
    cls = match[1]
    if cls in _HOLDERS:
        return Cause(
            f"{_place(found) or 'the model'} calls a {cls}, which only holds others",
            f"loop over the {cls}, or use nn.Sequential, which calls one after the other",
        )
    return Cause(
        f"{found.layer or 'the model'} calls {cls}, and its class has no forward",
        f"define forward(self, x) in the class {cls}: one that is indented too far is a function inside another one, "
        "and one with a wrong letter is another method",
    )


def _lazy(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A layer waits with its parameters for its first input."""
    if "uninitialized parameter" not in str(found.error):
        return None
    return Cause(
        "it holds one of torch's lazy layers, and upstream counts the parameters of each layer before it first runs",
        "use the layer that is not lazy (nn.Conv2d for nn.LazyConv2d), with the input channels that parse_model passes",
    )


_WRONG_CALL = re.compile(r"\bforward\(\) (?:missing|takes)")


def _other_inputs(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """Upstream's loop called a layer whose forward takes more than one value, or none."""
    if found.runner is None or not isinstance(found.error, TypeError) or _search(_WRONG_CALL, found) is None:
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


def _unknown_name(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The code uses a name that its file neither defines nor imports."""
    match = _NO_NAME.search(str(found.error)) if type(found.error) is NameError else None
    if match is None:
        return None
    *_, (frame, _number) = walk_tb(found.error.__traceback__)
    file = Path(frame.f_code.co_filename).name
    where = _place(found) or file
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


def _missing_import(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """An import names a file that the checkout lacks, or what its file does not define."""
    error, frames = found.error, [frame for frame, _ in walk_tb(found.error.__traceback__)]
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


_NO_ATTRIBUTE = re.compile(r"^'(\w+)' object has no attribute '(\w+)'")


def _head_lacks(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """Upstream's code reads an attribute of the head that a head of the user's own does not have."""
    match, frames = _NO_ATTRIBUTE.search(str(found.error)), [frame for frame, _ in walk_tb(found.error.__traceback__)]
    users = [frame for frame in frames if is_users(frame.f_code.co_filename)]
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


_NOT_DIVISIBLE = re.compile(r"\b(\w+) must be divisible by (\w+)")


def _not_divisible(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A number of groups or of heads does not divide the channels."""
    match, frames = _search(_NOT_DIVISIBLE, found), [frame for frame, _ in walk_tb(found.error.__traceback__)]
    if match is None or not frames:
        return None
    whole, part = (frames[-1].f_locals.get(name) for name in match.groups())
    if not isinstance(whole, int) or not isinstance(part, int):
        return None
    return Cause(
        f"{found.line or 'the constructor'}: {match[1]} is {whole}, which cannot be divided by {match[2]}, {part}",
        f"channels change with the scale: compute {match[2]} from them, such as math.gcd(channels, {part})",
    )


_DIMENSIONS = re.compile(r"(?:^Lazy|[a-z])([123])d$")


def _other_axes(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A layer of torch's for signals, maps or volumes got a tensor with other axes."""
    owner = found.module
    match = (
        _DIMENSIONS.search(type(owner).__name__) if owner and type(owner).__module__.startswith("torch.nn") else None
    )
    frames = [frame for frame, _ in walk_tb(found.error.__traceback__) if frame.f_locals.get("self") is owner]
    given = next((frame.f_locals["input"] for frame in frames if "input" in frame.f_locals), None)
    if match is None or not isinstance(given, Tensor) or given.dim() == int(match[1]) + 2:
        return None
    kind, axes = type(owner).__name__, int(match[1]) + 2
    return Cause(
        f"{_place(found) or kind}: {kind} takes a tensor of {axes} axes, and gets one of {given.dim()}, "
        f"{list(given.shape)}",
        f"use {kind[:-2]}2d, which takes maps"
        if given.dim() == 4
        else f"give it its axes by a view or unsqueeze, or use the class for {given.dim()} axes",
    )


_TABLE: tuple[Callable[[Raised, Module | None, Module | None], Cause | None], ...] = (
    _not_a_tensor,
    _deleted_by_fuse,
    _not_folded,
    _gpu_only,
    _no_kernel,
    _two_types,
    _of_main,
    _not_pickled,
    _not_stored,
    _memory,
    _computed_attribute,
    _one_value,
    _no_super,
    _second_backward,
    _no_forward,
    _lazy,
    _not_divisible,
    _other_inputs,
    _unknown_name,
    _missing_import,
    _head_lacks,
    _other_axes,
)
