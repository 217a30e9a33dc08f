"""The detection models: the scales and the named layers of each. A template in `templates/` orders them."""

from __future__ import annotations

from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.layers import PREVIOUS, Layer, Scale

# The last layer of every task: the model's output.
OUTPUT = "output"


def neck_input(name: str, lateral: str) -> Layer:
    """Return the join of the layer before it and of a lateral one."""
    return Layer(name, "Concat", (1,), sources=(PREVIOUS, lateral))


def detect(*args: str, module: str = "Detect") -> Layer:
    """Return the detection head of three maps."""
    return Layer(OUTPUT, module, args, sources=("td_p3_block", "bu_p4_block", "bu_p5_block"))


# In the names below, td is the top-down path (coarse to fine), bu the bottom-up path.
UPSAMPLE = ("None", 2, '"nearest"')
_UPSAMPLE_V5 = ("None", 2, "'nearest'")

YOLOV5 = BaseModel(
    name="yolov5",
    scales={
        "n": Scale(0.33, 0.25),
        "s": Scale(0.33, 0.50),
        "m": Scale(0.67, 0.75),
        "l": Scale(1.0, 1.0),
        "x": Scale(1.33, 1.25),
    },
    backbone=(
        Layer("stem", "Conv", (64, 6, 2, 2)),
        Layer("p2_down", "Conv", (128, 3, 2)),
        Layer("p2_block", "C3", (128,), 3),
        Layer("p3_down", "Conv", (256, 3, 2)),
        Layer("p3_block", "C3", (256,), 6),
        Layer("p4_down", "Conv", (512, 3, 2)),
        Layer("p4_block", "C3", (512,), 9),
        Layer("p5_down", "Conv", (1024, 3, 2)),
        Layer("p5_block", "C3", (1024,), 3),
        Layer("sppf", "SPPF", (1024, 5)),
    ),
    head=(
        Layer("td_p5_conv", "Conv", (512, 1, 1)),
        Layer("td_p4_up", "nn.Upsample", _UPSAMPLE_V5),
        neck_input("td_p4_cat", "p4_block"),
        Layer("td_p4_block", "C3", (512, False), 3),
        Layer("td_p4_conv", "Conv", (256, 1, 1)),
        Layer("td_p3_up", "nn.Upsample", _UPSAMPLE_V5),
        neck_input("td_p3_cat", "p3_block"),
        Layer("td_p3_block", "C3", (256, False), 3),
        Layer("bu_p4_down", "Conv", (256, 3, 2)),
        neck_input("bu_p4_cat", "td_p4_conv"),
        Layer("bu_p4_block", "C3", (512, False), 3),
        Layer("bu_p5_down", "Conv", (512, 3, 2)),
        neck_input("bu_p5_cat", "td_p5_conv"),
        Layer("bu_p5_block", "C3", (1024, False), 3),
        detect("nc", "anchors"),
    ),
)

YOLOV8 = BaseModel(
    name="yolov8",
    scales={
        "n": Scale(0.33, 0.25, 1024),
        "s": Scale(0.33, 0.50, 1024),
        "m": Scale(0.67, 0.75, 768),
        "l": Scale(1.00, 1.00, 512),
        "x": Scale(1.00, 1.25, 512),
    },
    backbone=(
        Layer("stem", "Conv", (64, 3, 2)),
        Layer("p2_down", "Conv", (128, 3, 2)),
        Layer("p2_block", "C2f", (128, True), 3),
        Layer("p3_down", "Conv", (256, 3, 2)),
        Layer("p3_block", "C2f", (256, True), 6),
        Layer("p4_down", "Conv", (512, 3, 2)),
        Layer("p4_block", "C2f", (512, True), 6),
        Layer("p5_down", "Conv", (1024, 3, 2)),
        Layer("p5_block", "C2f", (1024, True), 3),
        Layer("sppf", "SPPF", (1024, 5)),
    ),
    head=(
        Layer("td_p4_up", "nn.Upsample", UPSAMPLE),
        neck_input("td_p4_cat", "p4_block"),
        Layer("td_p4_block", "C2f", (512,), 3),
        Layer("td_p3_up", "nn.Upsample", UPSAMPLE),
        neck_input("td_p3_cat", "p3_block"),
        Layer("td_p3_block", "C2f", (256,), 3),
        Layer("bu_p4_down", "Conv", (256, 3, 2)),
        neck_input("bu_p4_cat", "td_p4_block"),
        Layer("bu_p4_block", "C2f", (512,), 3),
        Layer("bu_p5_down", "Conv", (512, 3, 2)),
        neck_input("bu_p5_cat", "sppf"),
        Layer("bu_p5_block", "C2f", (1024,), 3),
        detect("nc"),
    ),
)


_C3K2_SCALES = {
    "n": Scale(0.50, 0.25, 1024),
    "s": Scale(0.50, 0.50, 1024),
    "m": Scale(0.50, 1.00, 512),
    "l": Scale(1.00, 1.00, 512),
    "x": Scale(1.00, 1.50, 512),
}


def _c3k2_model(name: str, sppf: Layer, neck_c3k: bool, last: Layer) -> BaseModel:
    """Build YOLO11 or YOLO26: the same graph, which differs in what is passed here."""
    return BaseModel(
        name=name,
        scales=_C3K2_SCALES,
        backbone=(
            Layer("stem", "Conv", (64, 3, 2)),
            Layer("p2_down", "Conv", (128, 3, 2)),
            Layer("p2_block", "C3k2", (256, False, 0.25), 2),
            Layer("p3_down", "Conv", (256, 3, 2)),
            Layer("p3_block", "C3k2", (512, False, 0.25), 2),
            Layer("p4_down", "Conv", (512, 3, 2)),
            Layer("p4_block", "C3k2", (512, True), 2),
            Layer("p5_down", "Conv", (1024, 3, 2)),
            Layer("p5_block", "C3k2", (1024, True), 2),
            sppf,
            Layer("attention", "C2PSA", (1024,), 2),
        ),
        head=(
            Layer("td_p4_up", "nn.Upsample", UPSAMPLE),
            neck_input("td_p4_cat", "p4_block"),
            Layer("td_p4_block", "C3k2", (512, neck_c3k), 2),
            Layer("td_p3_up", "nn.Upsample", UPSAMPLE),
            neck_input("td_p3_cat", "p3_block"),
            Layer("td_p3_block", "C3k2", (256, neck_c3k), 2),
            Layer("bu_p4_down", "Conv", (256, 3, 2)),
            neck_input("bu_p4_cat", "td_p4_block"),
            Layer("bu_p4_block", "C3k2", (512, neck_c3k), 2),
            Layer("bu_p5_down", "Conv", (512, 3, 2)),
            neck_input("bu_p5_cat", "attention"),
            last,
            detect("nc"),
        ),
    )


YOLO11 = _c3k2_model(
    "yolo11",
    sppf=Layer("sppf", "SPPF", (1024, 5)),
    neck_c3k=False,
    last=Layer("bu_p5_block", "C3k2", (1024, True), 2),
)

YOLO26 = _c3k2_model(
    "yolo26",
    sppf=Layer("sppf", "SPPF", (1024, 5, 3, True)),
    neck_c3k=True,
    last=Layer("bu_p5_block", "C3k2", (1024, True, 0.5, True)),
)

# l and x: upstream's parser gives their A2C2f blocks a residual connection and another MLP ratio
YOLO12 = BaseModel(
    name="yolo12",
    scales=_C3K2_SCALES,
    backbone=(
        Layer("stem", "Conv", (64, 3, 2)),
        Layer("p2_down", "Conv", (128, 3, 2)),
        Layer("p2_block", "C3k2", (256, False, 0.25), 2),
        Layer("p3_down", "Conv", (256, 3, 2)),
        Layer("p3_block", "C3k2", (512, False, 0.25), 2),
        Layer("p4_down", "Conv", (512, 3, 2)),
        Layer("p4_block", "A2C2f", (512, True, 4), 4),
        Layer("p5_down", "Conv", (1024, 3, 2)),
        Layer("p5_block", "A2C2f", (1024, True, 1), 4),
    ),
    head=(
        Layer("td_p4_up", "nn.Upsample", UPSAMPLE),
        neck_input("td_p4_cat", "p4_block"),
        Layer("td_p4_block", "A2C2f", (512, False, -1), 2),
        Layer("td_p3_up", "nn.Upsample", UPSAMPLE),
        neck_input("td_p3_cat", "p3_block"),
        Layer("td_p3_block", "A2C2f", (256, False, -1), 2),
        Layer("bu_p4_down", "Conv", (256, 3, 2)),
        neck_input("bu_p4_cat", "td_p4_block"),
        Layer("bu_p4_block", "A2C2f", (512, False, -1), 2),
        Layer("bu_p5_down", "Conv", (512, 3, 2)),
        neck_input("bu_p5_cat", "p5_block"),
        Layer("bu_p5_block", "C3k2", (1024, True), 2),
        detect("nc"),
    ),
)
