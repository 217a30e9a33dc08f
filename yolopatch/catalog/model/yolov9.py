"""YOLOv9: of each scale upstream has a file without a table of scales; e has a backbone of two branches."""

from __future__ import annotations

from collections.abc import Iterator

from yolopatch.catalog.model.base_model import BaseModel, Graph
from yolopatch.catalog.model.graphs import UPSAMPLE, detect, neck_input
from yolopatch.catalog.model.layers import PREVIOUS, Layer, Scale

_WIDE = (256, 512, 1024, 1024)  # the channels of e's backbone, of P2 to P5


def _elan(name: str, channels: int, hidden: int, repeats: int) -> Layer:
    return Layer(name, "RepNCSPELAN4", (channels, hidden, hidden // 2, repeats))


def _neck(
    down: str, widths: tuple[int, int, int], downs: tuple[int, int], repeats: int, last: int
) -> tuple[Layer, ...]:
    """Return the head of a model.

    Args:
        down: the class that halves a map.
        widths: the channels of P3, P4, P5.
        downs: the channels behind the two downs.
        repeats: of the blocks.
        last: the hidden channels of the last block.
    """
    p3, p4, p5 = widths
    return (
        Layer("td_p4_up", "nn.Upsample", UPSAMPLE),
        neck_input("td_p4_cat", "p4_block"),
        _elan("td_p4_block", p4, p4, repeats),
        Layer("td_p3_up", "nn.Upsample", UPSAMPLE),
        neck_input("td_p3_cat", "p3_block"),
        _elan("td_p3_block", p3, p3, repeats),
        Layer("bu_p4_down", down, (downs[0],)),
        neck_input("bu_p4_cat", "td_p4_block"),
        _elan("bu_p4_block", p4, p4, repeats),
        Layer("bu_p5_down", down, (downs[1],)),
        neck_input("bu_p5_cat", "sppelan"),
        _elan("bu_p5_block", p5, last, repeats),
        detect("nc"),
    )


def _small(stem: int, first: Layer, widths: tuple[int, int, int], repeats: int) -> Graph:
    """Return the graph of t, s or m; `first` is the block of P2."""
    p3, p4, p5 = widths
    backbone = (
        Layer("stem", "Conv", (stem, 3, 2)),
        Layer("p2_down", "Conv", (2 * stem, 3, 2)),
        first,
        Layer("p3_down", "AConv", (p3,)),
        _elan("p3_block", p3, p3, repeats),
        Layer("p4_down", "AConv", (p4,)),
        _elan("p4_block", p4, p4, repeats),
        Layer("p5_down", "AConv", (p5,)),
        _elan("p5_block", p5, p5, repeats),
        Layer("sppelan", "SPPELAN", (p5, p5 // 2)),
    )
    return Graph(backbone, _neck("AConv", widths, (p4 // 2, p5 // 2), repeats, p5))


def _compact() -> Graph:
    """Return the graph of c."""
    backbone = (
        Layer("stem", "Conv", (64, 3, 2)),
        Layer("p2_down", "Conv", (128, 3, 2)),
        _elan("p2_block", 256, 128, 1),
        Layer("p3_down", "ADown", (256,)),
        _elan("p3_block", 512, 256, 1),
        Layer("p4_down", "ADown", (512,)),
        _elan("p4_block", 512, 512, 1),
        Layer("p5_down", "ADown", (512,)),
        _elan("p5_block", 512, 512, 1),
        Layer("sppelan", "SPPELAN", (512, 256)),
    )
    return Graph(backbone, _neck("ADown", (256, 512, 512), (256, 512), 1, 512))


def _extended() -> Graph:
    """Return the graph of e: a first branch, what it gives to the second one, and the second branch."""
    tapped = ("one_stem", *(f"one_p{level}_block" for level in (2, 3, 4, 5)))
    taps = (
        Layer(f"tap_{number}", "CBLinear", (str([64 * 2**width for width in range(number + 1)]),), sources=(name,))
        for number, name in enumerate(tapped)
    )
    backbone = (
        Layer("image", "nn.Identity", ()),
        *_branch("one_"),
        *taps,
        *_fused(_branch("", origin="image")),
        Layer("sppelan", "SPPELAN", (512, 256)),
    )
    return Graph(backbone, _neck("ADown", (256, 512, 512), (256, 512), 2, 1024))


def _branch(prefix: str, origin: str = PREVIOUS) -> Iterator[Layer]:
    """Yield the layers of a branch of e: for each level the layer that halves, and the block."""
    yield Layer(f"{prefix}stem", "Conv", (64, 3, 2), sources=(origin,))
    yield Layer(f"{prefix}p2_down", "Conv", (128, 3, 2))
    for level, channels in enumerate(_WIDE, start=2):
        yield _elan(f"{prefix}p{level}_block", channels, min(channels // 2, 512), 2)
        if level < 5:
            yield Layer(f"{prefix}p{level + 1}_down", "ADown", (channels,))


def _fused(layers: Iterator[Layer]) -> Iterator[Layer]:
    """Yield the layers, behind each that halves the sum of its map and of what the first branch has of this size."""
    level = 0
    for layer in layers:
        yield layer
        if not layer.name.endswith("_block"):
            taps = tuple(f"tap_{number}" for number in range(level, 5))
            yield Layer(f"fuse_{level}", "CBFuse", (str([level] * len(taps)),), sources=(*taps, PREVIOUS))
            level += 1


_GRAPHS = {
    "t": _small(16, Layer("p2_block", "ELAN1", (32, 32, 16)), (64, 96, 128), 3),
    "s": _small(32, Layer("p2_block", "ELAN1", (64, 64, 32)), (128, 192, 256), 3),
    "m": _small(32, _elan("p2_block", 128, 128, 1), (240, 360, 480), 1),
    "c": _compact(),
    "e": _extended(),
}
_ONE = Scale(1.0, 1.0)

YOLOV9 = BaseModel("yolov9", dict.fromkeys(_GRAPHS, _ONE), _GRAPHS["t"].backbone, _GRAPHS["t"].head, graphs=_GRAPHS)
