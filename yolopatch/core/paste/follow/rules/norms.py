"""Norms: what they must get, and that they keep the shape."""

from __future__ import annotations

from typing import Any

from yolopatch.core.paste.follow.errors import Fails
from yolopatch.core.paste.follow.rules.registry import Run, function, layer
from yolopatch.core.paste.follow.rules.sizes import elements, listed, made, tensor, whole
from yolopatch.core.paste.follow.values import Layer, Tensor

_RANKS = {1: (2, 3), 2: (4,), 3: (5,)}


def one_value_each(name: str, shape: tuple[int, ...]) -> str:
    """Return why a norm cannot have these statistics, as part of a message."""
    return f"{name} gets one value for each channel, which has no variance: a map of {list(shape)}"


def _batch_norm(dimensions: int, name: str) -> Any:
    def construct(
        run: Run,
        num_features: Any,
        eps: Any = 1e-5,
        momentum: Any = 0.1,
        affine: Any = True,
        track_running_stats: Any = True,
        device: Any = None,
        dtype: Any = None,
    ) -> Layer:
        count = whole(num_features)

        def call(run: Run, x: Any) -> Tensor:
            shape = tensor(x, "a map").shape
            if dimensions and len(shape) not in _RANKS[dimensions]:
                raise Fails(f"nn.{name} takes {_RANKS[dimensions][-1]} dimensions, and gets {list(shape)}")
            if shape[1] != count:
                raise Fails(f"nn.{name} takes {count} channels, and gets {shape[1]}")
            if run.training and elements(shape) == shape[1]:
                raise Fails(one_value_each(f"nn.{name}", shape), "ValueError")
            return made(shape)

        vector = made((count,))
        switches = {"affine": affine, "track_running_stats": track_running_stats}
        attributes = {"weight": vector, "bias": vector, "running_mean": vector, "running_var": vector, "eps": eps}
        return Layer(name, call, {**attributes, "momentum": momentum, "num_features": num_features, **switches})

    return construct


for _n in (1, 2, 3):
    layer(f"BatchNorm{_n}d")(_batch_norm(_n, f"BatchNorm{_n}d"))
layer("SyncBatchNorm")(_batch_norm(0, "SyncBatchNorm"))


@layer("GroupNorm")
def group_norm(run: Run, num_groups: Any, num_channels: Any, eps: Any = 1e-5, affine: Any = True, **more: Any) -> Layer:
    """Follow nn.GroupNorm: the groups must divide the channels."""
    groups, count = whole(num_groups), whole(num_channels)
    if groups <= 0 or count % groups:
        raise Fails(f"nn.GroupNorm: {count} channels do not divide into {groups} groups", "ValueError")

    def call(run: Run, x: Any) -> Tensor:
        shape = tensor(x, "a map").shape
        if len(shape) < 2 or shape[1] != count:
            raise Fails(f"nn.GroupNorm takes {count} channels, and gets {list(shape)}")
        if elements(shape) == groups:  # in eval mode, too
            raise Fails(one_value_each("nn.GroupNorm", shape), "ValueError")
        return made(shape)

    return Layer("GroupNorm", call, {"weight": made((count,)), "bias": made((count,))})


def _instance_norm(dimensions: int) -> Any:
    def construct(run: Run, num_features: Any, *rest: Any, **more: Any) -> Layer:
        def call(run: Run, x: Any) -> Tensor:
            shape = tensor(x, "a map").shape
            if len(shape) not in (dimensions + 1, dimensions + 2):
                raise Fails(f"nn.InstanceNorm{dimensions}d takes {dimensions + 2} dimensions, and gets {list(shape)}")
            if elements(shape[-dimensions:]) == 1:  # in eval mode, too
                raise Fails(one_value_each(f"nn.InstanceNorm{dimensions}d", shape), "ValueError")
            return made(shape)

        return Layer(f"InstanceNorm{dimensions}d", call)

    return construct


for _n in (1, 2, 3):
    layer(f"InstanceNorm{_n}d")(_instance_norm(_n))


@layer("LayerNorm", "RMSNorm")
def layer_norm(run: Run, normalized_shape: Any, eps: Any = 1e-5, elementwise_affine: Any = True, **more: Any) -> Layer:
    """Follow nn.LayerNorm: its shape is that of the last dimensions."""
    wanted = tuple(whole(one) for one in listed([normalized_shape]))

    def call(run: Run, x: Any) -> Tensor:
        return _normalised(tensor(x).shape, wanted, "nn.LayerNorm")

    attributes = {"weight": made(wanted), "bias": made(wanted), "eps": eps, "normalized_shape": wanted}
    return Layer("LayerNorm", call, attributes)


def _normalised(shape: tuple[int, ...], wanted: tuple[int, ...], name: str) -> Tensor:
    if shape[len(shape) - len(wanted) :] != wanted:
        raise Fails(f"{name} takes {list(wanted)} in the last dimension, and gets {list(shape)}")
    return made(shape)


@layer("LocalResponseNorm")
def local_response_norm(run: Run, size: Any, *rest: Any, **more: Any) -> Layer:
    """Follow nn.LocalResponseNorm."""
    return Layer("LocalResponseNorm", lambda run, x: made(tensor(x).shape))


@function("layer_norm")
def layer_norm_function(run: Run, x: Any, normalized_shape: Any, *rest: Any, **more: Any) -> Tensor:
    """Follow F.layer_norm."""
    return _normalised(tensor(x).shape, tuple(whole(one) for one in listed([normalized_shape])), "F.layer_norm")


@function("batch_norm")
def batch_norm_function(
    run: Run,
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: Any = False,
    *rest: Any,
    **more: Any,
) -> Tensor:
    """Follow F.batch_norm."""
    shape = tensor(x).shape
    if run.truth(training) and elements(shape) == shape[1]:
        raise Fails(one_value_each("F.batch_norm", shape), "ValueError")
    return made(shape)


@function("group_norm", "instance_norm")
def other_norm(run: Run, x: Any, *rest: Any, **more: Any) -> Tensor:
    """Follow F.group_norm and F.instance_norm."""
    return made(tensor(x).shape)
