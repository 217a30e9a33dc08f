"""YOLOv10: of each scale upstream has a file, and which blocks are C2fCIB differs between them."""

from __future__ import annotations

from collections.abc import Mapping

from yolopatch.catalog.model.base_model import BaseModel, Graph
from yolopatch.catalog.model.graphs import UPSAMPLE, detect, neck_input
from yolopatch.catalog.model.layers import Layer, Scale

_SCALES = {
    "n": Scale(0.33, 0.25, 1024),
    "s": Scale(0.33, 0.50, 1024),
    "m": Scale(0.67, 0.75, 768),
    "b": Scale(0.67, 1.00, 512),
    "l": Scale(1.00, 1.00, 512),
    "x": Scale(1.00, 1.25, 512),
}
_CIB, _LARGE = (True,), (True, True)  # the arguments of a C2fCIB: its shortcut, its large kernel
_WIDE = {"p5_block": _CIB, "td_p4_block": _CIB, "bu_p4_block": _CIB, "bu_p5_block": _CIB}
# The blocks that are C2fCIB, and their arguments after the number of channels.
_COMPACT: Mapping[str, Mapping[str, tuple[bool, ...]]] = {
    "n": {"bu_p5_block": _LARGE},
    "s": {"p5_block": _LARGE, "bu_p5_block": _LARGE},
    "m": {"p5_block": _CIB, "bu_p4_block": _CIB, "bu_p5_block": _CIB},
    "b": _WIDE,
    "l": _WIDE,
    "x": {"p4_block": _CIB, **_WIDE},
}


def _graph(compact: Mapping[str, tuple[bool, ...]]) -> Graph:
    def block(name: str, channels: int, repeats: int, *shortcut: bool) -> Layer:
        if name in compact:
            return Layer(name, "C2fCIB", (channels, *compact[name]), repeats)
        return Layer(name, "C2f", (channels, *shortcut), repeats)

    return Graph(
        backbone=(
            Layer("stem", "Conv", (64, 3, 2)),
            Layer("p2_down", "Conv", (128, 3, 2)),
            block("p2_block", 128, 3, True),
            Layer("p3_down", "Conv", (256, 3, 2)),
            block("p3_block", 256, 6, True),
            Layer("p4_down", "SCDown", (512, 3, 2)),
            block("p4_block", 512, 6, True),
            Layer("p5_down", "SCDown", (1024, 3, 2)),
            block("p5_block", 1024, 3, True),
            Layer("sppf", "SPPF", (1024, 5)),
            Layer("attention", "PSA", (1024,)),
        ),
        head=(
            Layer("td_p4_up", "nn.Upsample", UPSAMPLE),
            neck_input("td_p4_cat", "p4_block"),
            block("td_p4_block", 512, 3),
            Layer("td_p3_up", "nn.Upsample", UPSAMPLE),
            neck_input("td_p3_cat", "p3_block"),
            block("td_p3_block", 256, 3),
            Layer("bu_p4_down", "Conv", (256, 3, 2)),
            neck_input("bu_p4_cat", "td_p4_block"),
            block("bu_p4_block", 512, 3),
            Layer("bu_p5_down", "SCDown", (512, 3, 2)),
            neck_input("bu_p5_cat", "attention"),
            block("bu_p5_block", 1024, 3),
            detect("nc", module="v10Detect"),
        ),
    )


_GRAPHS = {scale: _graph(compact) for scale, compact in _COMPACT.items()}

YOLOV10 = BaseModel("yolov10", _SCALES, _GRAPHS["n"].backbone, _GRAPHS["n"].head, graphs=_GRAPHS)
