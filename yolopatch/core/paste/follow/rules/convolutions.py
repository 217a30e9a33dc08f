"""Convolutions and products with a weight: what they take, and what they make of a map's size."""

from __future__ import annotations

from typing import Any

from yolopatch.core.paste.follow import uses
from yolopatch.core.paste.follow.errors import Fails
from yolopatch.core.paste.follow.rules.registry import Run, function, layer
from yolopatch.core.paste.follow.rules.sizes import made, several, slid, tensor, whole
from yolopatch.core.paste.follow.values import Layer, Tensor


def convolution(dimensions: int, transposed: bool = False) -> Any:
    """Return the rule for a convolution with this many dimensions."""

    def construct(
        run: Run,
        in_channels: Any,
        out_channels: Any,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: Any = 1,
        bias: Any = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> Layer:
        return _made(
            run, dimensions, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, device
        )

    def construct_transposed(
        run: Run,
        in_channels: Any,
        out_channels: Any,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: Any = 1,
        bias: Any = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> Layer:
        return _made(
            run,
            dimensions,
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            device,
            output_padding,
            True,
        )

    return construct_transposed if transposed else construct


def _made(
    run: Run,
    dimensions: int,
    source: Any,
    target: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
    bias: Any,
    device: Any,
    output_padding: Any = 0,
    transposed: bool = False,
) -> Layer:
    for value, role in (
        (source, uses.CONV_IN),
        (target, uses.CONV_OUT),
        (kernel, uses.KERNEL),
        (stride, uses.STRIDE),
        (padding, uses.PADDING),
        (dilation, uses.DILATION),
        (groups, uses.GROUPS),
    ):
        run.note(value, role)
    on_device(run, device)
    c1, c2, g = whole(source), whole(target), whole(groups)
    if g <= 0:
        raise Fails(f"groups of {g}", "ValueError")
    if c1 % g or c2 % g:
        raise Fails(f"{c1} input channels and {c2} output channels do not divide into {g} groups", "ValueError")
    if min(c1, c2) <= 0:
        raise Fails(f"a convolution of {c1} to {c2} channels")
    window = several(kernel, dimensions)
    steps, dilations = several(stride, dimensions), several(dilation, dimensions)
    pads = _padding(padding, window, dilations, dimensions)
    extra = several(output_padding, dimensions)
    name = f"Conv{'Transpose' if transposed else ''}{dimensions}d"

    def call(run: Run, x: Any, output_size: Any = None) -> Tensor:
        shape = tensor(x, "a map").shape
        if len(shape) not in (dimensions + 1, dimensions + 2):
            raise Fails(f"nn.{name} takes {dimensions + 2} dimensions, and gets {list(shape)}")
        channels, space = shape[-dimensions - 1], shape[-dimensions:]
        if channels != c1:
            raise Fails(f"nn.{name} takes {c1} channels, and gets {channels}")
        if transposed:
            sizes = [
                (n - 1) * s - 2 * p + d * (k - 1) + o + 1
                for n, s, p, d, k, o in zip(space, steps, pads, dilations, window, extra)
            ]
        else:
            sizes = [slid(n, k, s, p, d) for n, k, s, p, d in zip(space, window, steps, pads, dilations)]
        return made((*shape[: -dimensions - 1], c2, *sizes))

    weight = (c1, c2 // g, *window) if transposed else (c2, c1 // g, *window)
    attributes = {
        "weight": made(weight),
        "bias": made((c2,)) if run.truth(bias) else None,
        "in_channels": source,
        "out_channels": target,
        "kernel_size": window,
        "stride": steps,
        "padding": pads,
        "dilation": dilations,
        "groups": groups,
    }
    return Layer(name, call, attributes)


def on_device(run: Run, device: Any) -> None:
    """Note that something is put on a GPU, whatever the model is on."""
    if isinstance(device, str) and device.startswith("cuda"):
        run.find(f"puts a tensor on {device}, wherever the model is")


def _padding(padding: Any, window: tuple[int, ...], dilations: tuple[int, ...], count: int) -> tuple[int, ...]:
    if padding == "same":
        return tuple(d * (k - 1) // 2 for k, d in zip(window, dilations))
    return several(0 if padding == "valid" else padding, count)


for _n in (1, 2, 3):
    layer(f"Conv{_n}d")(convolution(_n))
    layer(f"ConvTranspose{_n}d")(convolution(_n, transposed=True))


def _convolve(dimensions: int) -> Any:
    def conv(
        run: Run,
        x: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: Any = 1,
    ) -> Tensor:
        for value, role in ((stride, uses.STRIDE), (padding, uses.PADDING), (dilation, uses.DILATION)):
            run.note(value, role)
        run.note(groups, uses.GROUPS)
        shape, kernel = tensor(x, "a map").shape, tensor(weight, "a weight").shape
        if len(kernel) != dimensions + 2 or len(shape) not in (dimensions + 1, dimensions + 2):
            raise Fails(f"conv{dimensions}d gets a map of {list(shape)} and a weight of {list(kernel)}")
        g, channels = whole(groups), shape[-dimensions - 1]
        if kernel[1] * g != channels:
            raise Fails(f"conv{dimensions}d takes {kernel[1] * g} channels, and gets {channels}")
        if kernel[0] % g:
            raise Fails(f"{kernel[0]} output channels do not divide into {g} groups")
        steps, dilations = several(stride, dimensions), several(dilation, dimensions)
        pads = _padding(padding, kernel[2:], dilations, dimensions)
        sizes = [slid(n, k, s, p, d) for n, k, s, p, d in zip(shape[-dimensions:], kernel[2:], steps, pads, dilations)]
        return made((*shape[: -dimensions - 1], kernel[0], *sizes))

    return conv


for _n in (1, 2, 3):
    function(f"conv{_n}d")(_convolve(_n))


@function("conv_transpose2d")
def conv_transpose2d(
    run: Run,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: Any = 1,
    dilation: Any = 1,
) -> Tensor:
    """Follow a transposed convolution with a given weight."""
    shape, kernel = tensor(x, "a map").shape, tensor(weight, "a weight").shape
    if len(shape) != 4 or len(kernel) != 4:
        raise Fails(f"conv_transpose2d gets a map of {list(shape)} and a weight of {list(kernel)}")
    if kernel[0] != shape[1]:
        raise Fails(f"conv_transpose2d takes {kernel[0]} channels, and gets {shape[1]}")
    sizes = [
        (n - 1) * s - 2 * p + d * (k - 1) + o + 1
        for n, s, p, d, k, o in zip(
            shape[2:],
            several(stride, 2),
            several(padding, 2),
            several(dilation, 2),
            kernel[2:],
            several(output_padding, 2),
        )
    ]
    return made((shape[0], kernel[1] * whole(groups), *sizes))


@layer("Linear", "LazyLinear")
def linear(
    run: Run, in_features: Any, out_features: Any, bias: Any = True, device: Any = None, dtype: Any = None
) -> Layer:
    """Follow nn.Linear: it changes the last dimension."""
    run.note(in_features, uses.CONV_IN)
    run.note(out_features, uses.CONV_OUT)
    on_device(run, device)
    source, target = whole(in_features), whole(out_features)

    def call(run: Run, x: Any) -> Tensor:
        shape = tensor(x).shape
        if not shape or shape[-1] != source:
            raise Fails(f"nn.Linear takes {source} values in the last dimension, and gets {list(shape)}")
        return made((*shape[:-1], target))

    weights = {"weight": made((target, source)), "bias": made((target,)) if run.truth(bias) else None}
    return Layer("Linear", call, {**weights, "in_features": in_features, "out_features": out_features})


@function("linear")
def linear_function(run: Run, x: Any, weight: Any, bias: Any = None) -> Tensor:
    """Follow F.linear."""
    shape, kernel = tensor(x).shape, tensor(weight, "a weight").shape
    if len(kernel) != 2 or shape[-1] != kernel[1]:
        raise Fails(f"F.linear gets a tensor of {list(shape)} and a weight of {list(kernel)}")
    return made((*shape[:-1], kernel[0]))


@layer("DeformConv2d")
def deform_conv2d(
    run: Run,
    in_channels: Any,
    out_channels: Any,
    kernel_size: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Any = 1,
    bias: Any = True,
) -> Layer:
    """Follow torchvision's deformable convolution: it takes the map, and the offsets."""
    plain = _made(run, 2, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, None)
    window = several(kernel_size, 2)

    def call(run: Run, x: Any, offset: Any, mask: Any = None) -> Tensor:
        assert plain.call is not None
        result: Tensor = plain.call(run, x)
        found, needed = tensor(offset, "a map of offsets").shape, 2 * window[0] * window[1]
        if found[1] % needed or found[2:] != result.shape[2:]:
            raise Fails(f"DeformConv2d takes offsets of {needed} channels, and gets {list(found)}")
        return result

    return Layer("DeformConv2d", call, plain.attributes)


@layer("MultiheadAttention")
def multihead_attention(
    run: Run,
    embed_dim: Any,
    num_heads: Any,
    dropout: Any = 0.0,
    bias: Any = True,
    add_bias_kv: Any = False,
    add_zero_attn: Any = False,
    kdim: Any = None,
    vdim: Any = None,
    batch_first: Any = False,
    device: Any = None,
    dtype: Any = None,
) -> Layer:
    """Follow nn.MultiheadAttention: it returns its query's shape, and the weights."""
    size, heads = whole(embed_dim), whole(num_heads)
    if heads <= 0 or size % heads:
        raise Fails(f"embed_dim {size} does not divide into {heads} heads", "AssertionError")

    def call(run: Run, query: Any, key: Any, value: Any, *rest: Any, **named: Any) -> tuple[Any, Any]:
        shape, keys = tensor(query).shape, tensor(key).shape
        if len(shape) not in (2, 3) or shape[-1] != size:
            raise Fails(f"nn.MultiheadAttention takes {size} values in the last dimension, and gets {list(shape)}")
        if len(shape) == 2:
            return made(shape), made((shape[0], keys[0]))
        first, length, others = (shape[0], shape[1], keys[1]) if batch_first else (shape[1], shape[0], keys[0])
        return made(shape), made((first, length, others))

    return Layer("MultiheadAttention", call, {"embed_dim": embed_dim, "num_heads": num_heads})
