"""What a layer or function does to a value, from its name: names of torch and upstream, and common words."""

from __future__ import annotations

import ast
from typing import TypeGuard

# classes of upstream that end with a Conv and its BatchNorm
NORMED = frozenset(
    {"Conv", "Conv2", "DWConv", "GhostConv", "LightConv", "RepConv", "Focus", "Bottleneck", "BottleneckCSP", "C1", "C2"}
    | {"C3", "C3x", "C3TR", "C3Ghost", "C2f", "C2fCIB", "C2fPSA", "C2PSA", "C3k", "C3k2", "RepC3", "SPP", "SPPF"}
)
_NORMS = frozenset({"batch_norm", "group_norm", "instance_norm", "layer_norm"})
_PRODUCTS = frozenset({"matmul", "bmm", "mm", "einsum", "linear", "bilinear", "baddbmm", "MultiheadAttention"})
_GATES = ("sigmoid", "softmax")
_PASSING = (
    *("act", "relu", "silu", "gelu", "elu", "mish", "swish", "tanh", "lin", "drop", "identity", "clamp"),
    *("pool", "pad", "upsample", "interpolate", "shuffle", "fold", "roll", "flip", "rearrange", "mean", "sum", "max"),
    *("view", "shape", "permute", "transpose", "contiguous", "flatten", "squeeze", "chunk", "split", "expand"),
    *("repeat", "narrow", "select", "gather", "clone", "detach", "float", "half", "type", "list", "tuple"),
)
# of torch's functions, those that change each element on its own
_ELEMENTWISE = frozenset(
    ("softplus", "softsign", "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "square", "pow", "abs", "neg", "erf")
    + ("sin", "cos", "atan", "reciprocal", "threshold", "hardshrink", "softshrink", "tanhshrink", "nan_to_num")
)
_CHANGING = ("conv", "norm", "bn", "block", "linear", "attention")
_LIBRARIES = frozenset({"torch", "nn", "F", "np", "math", "functional", "ops", "torchvision", "einops"})


def normalises(name: str) -> bool:
    """Tell whether this is a norm, or a class of upstream with a norm at its end."""
    return name in NORMED or name in _NORMS or name.endswith(("Norm", "Norm1d", "Norm2d", "Norm3d"))


def convolves(name: str) -> bool:
    """Tell whether this is a convolution or a matrix product, without a norm after it."""
    plain = name.casefold().removesuffix("d").rstrip("123")
    return name in _PRODUCTS or plain.endswith(("conv", "convtranspose", "conv_transpose")) or name == "Linear"


def gates(name: str) -> bool:
    """Tell whether the output is a factor between 0 and 1."""
    return any(word in name.casefold() for word in _GATES)


def passes_on(name: str) -> bool:
    """Tell whether it does not matter for the end: an activation, another shape, another size."""
    plain = name.rpartition(".")[2].casefold()
    if plain.rstrip("_") in _ELEMENTWISE:
        return True
    return any(word in plain for word in _PASSING) and not any(word in plain for word in _CHANGING)


def joins(name: str) -> bool:
    """Tell whether this joins or adds values."""
    return name in ("cat", "concat", "concatenate", "stack", "add", "add_", "sub")


def multiplies(name: str) -> bool:
    """Tell whether this multiplies values element by element."""
    return name in ("mul", "mul_", "multiply")


def is_own(node: ast.expr | None) -> TypeGuard[ast.Attribute | ast.Subscript]:
    """Tell whether this is `self.x`, or an element of it."""
    if isinstance(node, ast.Subscript):
        return is_own(node.value)
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def is_library(node: ast.expr) -> bool:
    """Tell whether this is `torch.nn.functional` and the like, whose functions are no methods of a tensor."""
    return ast.unparse(node).rpartition(".")[2] in _LIBRARIES
