"""The types of upstream's built models: what our code reads of them. Nothing here is ever instantiated.

Upstream is another package in every workspace, so its own classes cannot be named in an annotation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, overload

import torch.nn as nn
from torch import Tensor


class Layer(nn.Module):
    """A layer, as parse_model leaves it.

    Attributes:
        i: its index.
        f: the index of the layer that it reads, or a list of them; -1 is the layer before it.
        type: the dotted name of its class.
    """

    i: int
    f: int | list[int]
    type: str  # type: ignore[assignment]  # upstream hides torch's method of this name

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...


class Layers(nn.Sequential):
    """The layers of a model in order; the last one is the head."""

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[Layer]: ...

        @overload
        def __getitem__(self, index: int) -> Layer: ...

        @overload
        def __getitem__(self, index: slice) -> Layers: ...

        def __getitem__(self, index: int | slice) -> Layer | Layers: ...


class UpstreamModel(nn.Module):
    """A model that upstream built.

    Attributes:
        model: its layers.
        stride: the stride of each map that the head gets, in pixels, shape (maps,).
        yaml: the parsed YAML.
        names: the names of the classes, by number.
    """

    model: Layers
    stride: Tensor
    yaml: dict[str, Any]
    names: dict[int, str] | list[str]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...

        def fuse(self) -> UpstreamModel:
            """Fold each BatchNorm into its convolution, in place."""
