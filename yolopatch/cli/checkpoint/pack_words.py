"""The result lines of `pack` and `unpack`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from yolopatch.cli.layout import indented, table

if TYPE_CHECKING:
    from yolopatch.steps.checkpoint.pack import Packing, Unpacking

_MEGA = 1_000_000


def packed(found: Packing) -> Iterator[str]:
    """Yield what was packed, its size compared with float32, and the change of the outputs."""
    yield click.style(f"{found.out}: {len(found.layers)} DSConv kernels of {found.weights.name}", bold=True)
    for (bits, block_size), count in Counter((one.bits, one.block_size) for one in found.layers).items():
        yield f"  {count} with {bits} bits, blocks of {block_size}"
    rows = [_row(str(number), f"{one['layers']}", one) for number, one in found.by_channels.items()]
    rows.append(_row("all", f"{len(found.layers)}", found.kernels))
    yield from table(("input channels", "layers", "float32 kB", "packed kB", "ratio"), rows, left=1)
    sizes = found.file
    yield from indented(
        f"file: {sizes.packed / _MEGA:.2f} MB; the checkpoint: {sizes.checkpoint / _MEGA:.2f} MB; "
        f"its tensors in float32: {sizes.float32 / _MEGA:.2f} MB"
    )
    if found.error is not None:
        yield from indented(f"outputs compared with the checkpoint's: relative error {found.error:.2g}")
    yield from indented(f"read back: every kernel and every other tensor is bit-identical; kernels {found.digest[:12]}")


def _row(name: str, layers: str, sizes: Mapping[str, Any]) -> tuple[str, ...]:
    return name, layers, f"{sizes['float32'] / 1000:.1f}", f"{sizes['packed'] / 1000:.1f}", f"{sizes['ratio']:.2f}"


def unpacked(found: Unpacking) -> Iterator[str]:
    """Yield what the new checkpoint contains."""
    yield click.style(f"{found.out}: from {found.weights.name}", bold=True)
    yield from indented(
        f"{found.layers} DSConv kernels and {found.tensors} other tensors, bit-identical when upstream loads them; "
        f"kernels {found.digest[:12]}"
    )
