"""RT-DETR: l and x with upstream's HGNetV2 backbone, resnet50 and resnet101 with a ResNet."""

from __future__ import annotations

from yolopatch.catalog.model.base_model import BaseModel, Graph
from yolopatch.catalog.model.graphs import OUTPUT, UPSAMPLE, neck_input
from yolopatch.catalog.model.layers import PREVIOUS, Layer, Scale


def _project(name: str, width: int, source: str = PREVIOUS) -> Layer:
    """Return the layer that gives a map the encoder's width: no activation, as the paper's input projection."""
    return Layer(name, "Conv", (width, 1, 1, "None", 1, 1, False), sources=(source,))


def _encoder(width: int, feed: int, p4: str, p3: str) -> tuple[Layer, ...]:
    """Return the hybrid encoder and the decoder.

    Args:
        width: the channels of the encoder.
        feed: the hidden channels of its attention.
        p4, p3: the names of the backbone's layers that it reads.
    """
    return (
        _project("proj_p5", width),
        Layer("encoder", "AIFI", (feed, 8)),
        Layer("lateral_p5", "Conv", (width, 1, 1)),
        Layer("td_p4_up", "nn.Upsample", UPSAMPLE),
        _project("proj_p4", width, p4),
        Layer("td_p4_cat", "Concat", (1,), sources=("td_p4_up", PREVIOUS), backward=True),
        Layer("td_p4_block", "RepC3", (width,), 3),
        Layer("lateral_p4", "Conv", (width, 1, 1)),
        Layer("td_p3_up", "nn.Upsample", UPSAMPLE),
        _project("proj_p3", width, p3),
        Layer("td_p3_cat", "Concat", (1,), sources=("td_p3_up", PREVIOUS), backward=True),
        Layer("td_p3_block", "RepC3", (width,), 3),
        Layer("bu_p4_down", "Conv", (width, 3, 2)),
        neck_input("bu_p4_cat", "lateral_p4"),
        Layer("bu_p4_block", "RepC3", (width,), 3),
        Layer("bu_p5_down", "Conv", (width, 3, 2)),
        neck_input("bu_p5_cat", "lateral_p5"),
        Layer("bu_p5_block", "RepC3", (width,), 3),
        Layer(OUTPUT, "RTDETRDecoder", ("nc",), sources=("td_p3_block", "bu_p4_block", "bu_p5_block")),
    )


def _hgnet(stem: int, hidden: tuple[int, int, int], counts: tuple[int, int, int], width: int, feed: int) -> Graph:
    """Return the graph of l or x.

    Args:
        stem: the output channels of the first layer.
        hidden: the hidden channels of the blocks of P3, P4 and P5.
        counts: how many blocks each of them has.
        width, feed: the channels of the encoder, and the hidden ones of its attention.
    """
    backbone = [Layer("stem", "HGStem", (32, stem)), Layer("p2_block", "HGBlock", (stem, 128, 3), 6)]
    for level, inputs, inner, count in zip((3, 4, 5), (128, 512, 1024), hidden, counts):
        outputs = 512 if level == 3 else 2 * inputs
        backbone.append(Layer(f"p{level}_down", "DWConv", (inputs, 3, 2, 1, False)))
        backbone += _stage(f"p{level}_block", (inner, outputs), count, light=level > 3)
    p4, p3 = _last_of(4, counts[1]), _last_of(3, counts[0])
    return Graph(tuple(backbone), _encoder(width, feed, p4, p3))


def _stage(name: str, channels: tuple[int, int], count: int, light: bool) -> list[Layer]:
    """Return the blocks of a stage: all but the first have a shortcut."""
    kernel = 5 if light else 3
    first: tuple[int | bool, ...] = (kernel, True, False) if light else (kernel,)
    rest = (Layer(f"{name}_{number}", "HGBlock", (*channels, kernel, light, True), 6) for number in range(2, count + 1))
    return [Layer(name, "HGBlock", (*channels, *first), 6), *rest]


def _last_of(level: int, count: int) -> str:
    return f"p{level}_block_{count}" if count > 1 else f"p{level}_block"


def _resnet(blocks_of_p4: int) -> Graph:
    """Return the graph of resnet50 or resnet101: they differ in the number of blocks of P4."""
    stages = (("p2_block", 64, 64, 1, 3), ("p3_block", 256, 128, 2, 4), ("p4_block", 512, 256, 2, blocks_of_p4))
    backbone = (
        Layer("stem", "ResNetLayer", (3, 64, 1, True, 1)),
        *(Layer(name, "ResNetLayer", (c1, c2, s, False, n)) for name, c1, c2, s, n in stages),
        Layer("p5_block", "ResNetLayer", (1024, 512, 2, False, 3)),
    )
    return Graph(backbone, _encoder(256, 1024, "p4_block", "p3_block"))


_GRAPHS = {
    "l": _hgnet(48, (96, 192, 384), (1, 3, 1), 256, 1024),
    "x": _hgnet(64, (128, 256, 512), (2, 5, 2), 384, 2048),
    "resnet50": _resnet(6),
    "resnet101": _resnet(23),
}
_SCALES = {
    "l": Scale(1.0, 1.0, 1024),
    "x": Scale(1.0, 1.0, 2048),
    "resnet50": Scale(1.0, 1.0, 1024, letter="l"),
    "resnet101": Scale(1.0, 1.0, 1024, letter="l"),
}

RTDETR = BaseModel("rtdetr", _SCALES, _GRAPHS["l"].backbone, _GRAPHS["l"].head, graphs=_GRAPHS, separator="-")
