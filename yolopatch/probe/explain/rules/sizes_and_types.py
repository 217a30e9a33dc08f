"""Causes that lie in numbers: types, devices, memory, and sizes that do not fit.

A rule takes what was raised, the model, and the model before it was fused; it returns None where it does not apply.
"""

from __future__ import annotations

import re

from torch.nn import Module

from ..cause import Cause, place, search
from ..raising import Raised, first_line, frames_of

_KERNELS = (
    re.compile(r"[\"']?(?P<operator>[\w:]+)[\"']? not implemented for '?(?P<type>\w+)'?"),
    re.compile(r"Unsupported dtype (?P<type>Half|BFloat16)"),  # of torch.fft, which names no operator
    re.compile(r"(?P<operator>mkldnn\w*): .*(?P<type>bf16|fp16) path needs the cpu support"),
)


def no_kernel(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """Torch has no code for an operator in this type on this device."""
    match = next(filter(None, (search(pattern, found) for pattern in _KERNELS)), None)
    if match is None:
        return None
    operator = match.groupdict().get("operator", "an operator")
    device = next((str(p.device.type) for p in model.parameters()), "cpu") if model is not None else "cpu"
    where = f" ({place(found)})" if place(found) else ""
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


def two_types(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A tensor of one type met one of another."""
    match = next(filter(None, (search(pattern, found) for pattern in _TYPES)), None)
    if match is None:
        return None
    first, second = (_type_name(text) for text in match.groups())
    return Cause(
        f"{place(found) or 'an operator'} mixes two types, {first} and {second}",
        "make the constants of forward in the type of its input (.to(x.dtype)), and cast back after a .float()",
    )


def _type_name(text: str) -> str:
    """Return torch's name of a type: its messages have c10::Half, torch.cuda.HalfTensor and Half for one."""
    word = re.split(r"[.:]", text.strip("() "))[-1].removesuffix("Tensor")
    known = {"half": "float16", "fp16": "float16", "bf16": "bfloat16", "float": "float32", "double": "float64"}
    return known.get(word.lower(), word.lower())


_MEMORY = re.compile(r"(?:tried to allocate|Tried to allocate) ([\d.]+ ?\w+)")


def memory(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The memory was not enough."""
    match = search(_MEMORY, found)
    if match is None and not isinstance(found.error, MemoryError):
        return None
    amount = f": it asks for {_megabytes(match[1])} at once" if match else ""
    return Cause(
        f"{place(found) or 'the model'} needs more memory than there is{amount}",
        "the check `memory` names the layer with the largest tensor, and its shape; try a smaller --imgsz (memory that "
        "grows with the square of the pixels comes from attention over all of them)",
    )


def _megabytes(text: str) -> str:
    number = re.fullmatch(r"(\d+) ?bytes", text)
    return f"{int(number[1]) / 1e6:,.0f} MB" if number else text


def one_value(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
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


def gpu_only(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """The code asks for a GPU."""
    if search(_GPU_ONLY, found) is None:
        return None
    return Cause(
        f"{place(found) or 'the model'} runs on a GPU only ({first_line(found.error)[:120]})",
        "upstream builds each model on the CPU, and runs it there to measure its strides: give the module a slower way "
        "for the CPU, made of torch's own operators, which exports take, too",
    )


_NOT_DIVISIBLE = re.compile(r"\b(\w+) must be divisible by (\w+)")


def not_divisible(found: Raised, model: Module | None, original: Module | None) -> Cause | None:
    """A number of groups or of heads does not divide the channels."""
    match, frames = search(_NOT_DIVISIBLE, found), frames_of(found.error)
    if match is None or not frames:
        return None
    whole, part = (frames[-1].f_locals.get(name) for name in match.groups())
    if not isinstance(whole, int) or not isinstance(part, int):
        return None
    return Cause(
        f"{found.line or 'the constructor'}: {match[1]} is {whole}, which cannot be divided by {match[2]}, {part}",
        f"channels change with the scale: compute {match[2]} from them, such as math.gcd(channels, {part})",
    )
