"""Words and patterns that several explanations share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.nn import Module

from ...base.rows import Row
from ...explain.cause import Cause
from ...explain.raising import first_line
from ...explain.zero_sizes import zero_divisions

ZERO_HINT = "keep at least one channel, such as max(1, c // r), or use the module where its input is wide enough"
NUMBERS = ("input channels", "channels", "repeats", "kernel", "stride", "groups", "dilation")


def row_text(row: Row) -> str:
    return f"{list(row.sources)}, {row.repeats}, {row.module}, {list(row.args)}"


def describe_empty(layer: Module, row: Row, empty: list[str], given: Mapping[str, Any], scale: str) -> Cause:
    """Say which part of a layer has no channels, and which division of its arguments gave 0.

    Args:
        layer: the layer.
        row: its row.
        empty: see `empty_parts`.
        given: what its constructor got.
        scale: a letter; "" for a file without scales.
    """
    zeros = zero_divisions(type(layer), given)
    part = f"{row.module}'s {empty[0]}" if empty[0] else row.module
    at_scale = f" at scale {scale}" if scale else ""
    why = f": {zeros[0]}" if zeros else ""
    return Cause(f"layer {row.index}: {part} has no channels{at_scale}{why}", ZERO_HINT)


def repeated_hint(row: Row, layer: Module) -> str:
    """Return a hint where parse_model put copies of a layer in a row; empty where it did not."""
    if type(layer) is not nn.Sequential or row.module == "nn.Sequential" or row.repeats < 2:
        return ""
    times = len(list(layer.children()))
    return (
        f"the row of layer {row.index} says {row.repeats} repeats, so parse_model builds {row.module} {times} "
        "times in a row, each with all of the row's arguments, its stride, too: write 1 in their place"
    )


def message(error: BaseException) -> str:
    """Return the start of an exception's message."""
    return first_line(error)[:300]
