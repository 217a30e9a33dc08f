"""What keeps a shape, works element by element, or reduces dimensions."""

from __future__ import annotations

from typing import Any

from yolopatch.core.paste.follow.errors import Fails, Open
from yolopatch.core.paste.follow.rules.registry import Run, function, layer, method
from yolopatch.core.paste.follow.rules.sizes import axis, broadcast, listed, made, tensor
from yolopatch.core.paste.follow.values import Layer, Library, Pair, Size, Tensor

_KEEPING_LAYERS = (
    "ReLU ReLU6 LeakyReLU PReLU RReLU ELU SELU CELU GELU SiLU Mish Sigmoid Hardsigmoid Hardswish Hardtanh Tanh Softplus"
    " Softsign Softmax Softmax2d Softmin LogSoftmax LogSigmoid Threshold Hardshrink Softshrink Tanhshrink Dropout"
    " Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout Identity DropPath StochasticDepth QuickGELU"
)
_KEEPING = (
    "relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish sigmoid hardsigmoid hardswish hardtanh tanh"
    " softplus softsign softmax log_softmax softmin logsigmoid threshold hardshrink softshrink tanhshrink dropout"
    " dropout1d dropout2d dropout3d alpha_dropout normalize contiguous clone detach float half double bfloat16 int"
    " long bool byte to type type_as cpu clamp clamp_min clamp_max clip abs sqrt rsqrt square exp log log2 log10"
    " log1p expm1 sin cos tan asin acos atan sinh cosh erf neg negative reciprocal floor ceil round trunc frac"
    " sign nan_to_num cumsum cumprod tril triu requires_grad_ fill_ zero_ normal_ uniform_ exponential_ random_"
    " cauchy_ log_normal_ geometric_ fill_diagonal_ bernoulli isnan isinf isfinite logical_not fftshift ifftshift"
    " real imag angle conj gumbel_softmax index_fill scatter scatter_add scatter_reduce index_add index_copy"
    " stochastic_depth pin_memory share_memory_ rand_like randn_like zeros_like ones_like full_like empty_like"
    " deg2rad rad2deg logit sinc digamma argsort local_response_norm bucketize isclose short char logcumsumexp"
)
_TWO = (
    "add sub subtract mul multiply div divide true_divide floor_divide pow maximum minimum fmod remainder atan2 eq ne"
    " lt le gt ge logical_and logical_or logical_xor lerp addcmul addcdiv hypot fmax fmin complex polar bitwise_and"
)
_REDUCING = "sum mean amax amin prod logsumexp all any nansum nanmean argmax argmin count_nonzero"


def keeps(run: Run, x: Any, *rest: Any, **more: Any) -> Tensor:
    """Follow what keeps the shape."""
    found = tensor(x)
    if rest and isinstance(rest[0], str) and rest[0].startswith("cuda"):
        run.find(f"puts a tensor on {rest[0]}, wherever the model is")
    return Tensor(found.shape)


for _name in _KEEPING.split():
    function(_name)(keeps)


def _keeping_layer(name: str) -> Any:
    return lambda run, *given, **named: Layer(name, lambda run, x, *rest: Tensor(tensor(x).shape))


for _name in _KEEPING_LAYERS.split():
    layer(_name)(_keeping_layer(_name))


def element_by_element(run: Run, *values: Any, **more: Any) -> Any:
    """Follow what works element by element."""
    return broadcast(*values)


for _name in _TWO.split():
    function(_name)(element_by_element)


@function("where")
def where(run: Run, condition: Any, *values: Any) -> Any:
    """Follow torch.where."""
    if not values:
        raise Open("a shape that depends on a tensor's values")
    return broadcast(condition, *values)


def reduced(run: Run, x: Any, *rest: Any, dim: Any = None, keepdim: Any = False, **more: Any) -> Tensor:
    """Follow what reduces the given dimensions, or all."""
    shape = tensor(x).shape
    dim = more.get("axis", dim)
    keep = run.truth(more.get("keepdims", keepdim))
    if rest and dim is None:
        dim, *after = rest
        keep = keep or (bool(after) and run.truth(after[0]))
    if dim is None or isinstance(dim, Library):
        return made((1,) * len(shape) if keep else ())
    gone = {axis(one, shape) for one in listed([dim])}
    sizes = [1 if place in gone else size for place, size in enumerate(shape) if keep or place not in gone]
    return made(sizes)


for _name in _REDUCING.split():
    function(_name)(reduced)


@function("norm", "vector_norm", "matrix_norm")
def vector_norm(run: Run, x: Any, p: Any = 2, dim: Any = None, keepdim: Any = False, **more: Any) -> Tensor:
    """Follow torch.norm: its second argument is the order."""
    return reduced(run, x, dim=dim, keepdim=keepdim, **more)


@function("std", "var")
def spread(run: Run, x: Any, dim: Any = None, unbiased: Any = True, keepdim: Any = False, **more: Any) -> Tensor:
    """Follow torch.var: what follows its dimensions is no `keepdim`; a flag alone is of all values."""
    return reduced(run, x, dim=None if isinstance(dim, bool) else dim, keepdim=keepdim, **more)


@function("std_mean", "var_mean")
def two_reduced(run: Run, x: Any, *rest: Any, **more: Any) -> tuple[Tensor, Tensor]:
    """Follow torch.var_mean."""
    found = spread(run, x, *rest, **more)
    return found, found


@function("masked_fill")
def masked_fill(run: Run, x: Any, mask: Any, value: Any) -> Any:
    """Follow masked_fill."""
    return broadcast(tensor(x), mask)


@function("max", "min", "median", "mode")
def extreme(run: Run, x: Any, *rest: Any, **more: Any) -> Any:
    """Follow max: of all, of two tensors, or along a dimension, with the places."""
    other = rest[0] if rest else more.get("other")
    if isinstance(other, Tensor):
        return broadcast(tensor(x), other)
    found = reduced(run, x, *rest, **more)
    return Pair((found, found)) if rest or "dim" in more else found


@function("kthvalue")
def kth_value(run: Run, x: Any, k: Any, dim: Any = -1, keepdim: Any = False) -> Pair:
    """Follow kthvalue."""
    found = reduced(run, x, dim=dim, keepdim=keepdim)
    return Pair((found, found))


@function("sort", "cummax", "cummin")
def sort(run: Run, x: Any, *rest: Any, **more: Any) -> Pair:
    """Follow sort: the values, and the places."""
    found = Tensor(tensor(x).shape)
    return Pair((found, found))


@function("glu")
def glu(run: Run, x: Any, dim: Any = -1) -> Tensor:
    """Follow F.glu: it halves a dimension."""
    sizes = list(tensor(x).shape)
    place = axis(dim, sizes)
    if sizes[place] % 2:
        raise Fails(f"F.glu halves a dimension of {sizes[place]}")
    sizes[place] //= 2
    return made(sizes)


@layer("GLU")
def glu_layer(run: Run, dim: Any = -1) -> Layer:
    """Follow nn.GLU."""
    return Layer("GLU", lambda run, x: glu(run, x, dim))


@method("cuda")
def cuda(run: Run, x: Any, *rest: Any, **more: Any) -> Tensor:
    """Note `.cuda()`: the model may be elsewhere."""
    run.find("puts a tensor on a GPU, wherever the model is")
    return tensor(x)


@method("size")
def size(run: Run, x: Any, dim: Any = None) -> Any:
    """Follow size()."""
    shape = tensor(x).shape
    return Size(shape) if dim is None else shape[axis(dim, shape)]


@method("dim", "ndimension")
def dim(run: Run, x: Any) -> int:
    """Follow dim()."""
    return len(tensor(x).shape)


@function("numel")
@method("nelement")
def numel(run: Run, x: Any) -> int:
    """Follow numel()."""
    count = 1
    for one in tensor(x).shape:
        count *= one
    return count
