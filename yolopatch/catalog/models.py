"""The base models: each one's scales and layers, by name. A template in `templates/` lays them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yolopatch.catalog.names import fold, unknown
from yolopatch.catalog.pins import PINS, Pin

PREVIOUS = "previous"
ALL_SCALES = "all"

# Upstream's parser turns on a C3k2's `c3k` when the scale's letter is one of these.
_C3K_LETTERS = "mlx"


@dataclass(frozen=True)
class Layer:
    """One line of a model's YAML.

    Attributes:
        name: what templates and other layers call it; its number follows from the order.
        module: the class that upstream's parser builds.
        args: the YAML arguments; strings stand in the file as they are, quotes included.
        repeats: how often, before the scale's depth multiplies it.
        sources: names of the layers it reads, `PREVIOUS` for the one above it.
    """

    name: str
    module: str
    args: tuple[int | float | str, ...]
    repeats: int = 1
    sources: tuple[str, ...] = (PREVIOUS,)

    @property
    def kernel(self) -> int:
        """The kernel size, for a Conv."""
        return int(self.args[1])

    @property
    def stride(self) -> int:
        """The stride, for a Conv."""
        return int(self.args[2])

    @property
    def sets_padding(self) -> bool:
        """Whether a Conv names its padding instead of leaving it at half the kernel."""
        return len(self.args) > 3


@dataclass(frozen=True)
class Scale:
    """How a model size multiplies repeats and channels; `max_channels` caps them before that."""

    depth: float
    width: float
    max_channels: int | None = None


@dataclass(frozen=True)
class BaseModel:
    """One upstream detection model in all its scales."""

    name: str
    scales: Mapping[str, Scale]
    backbone: tuple[Layer, ...]
    head: tuple[Layer, ...]

    @property
    def template(self) -> str:
        """The file in `templates/` that lays the layers out."""
        return f"{self.name}.yaml.j2"

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins whose base model this is."""
        return tuple(pin for pin in PINS.values() if pin.model == self.name)

    @property
    def block(self) -> str:
        """The class of the model's repeated blocks: `C3k2`, `C2f` or `C3`."""
        return self.pins[0].block

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer; the place in this tuple is upstream's layer number."""
        return self.backbone + self.head

    @property
    def has_scales_table(self) -> bool:
        """Whether upstream keeps all scales in one file; if not, each scale is a file of its own."""
        return self.pins[0].layout.style == "ultralytics"

    def in_backbone(self, index: int) -> bool:
        """Tell whether this layer number lies in the backbone."""
        return index < len(self.backbone)

    def forces_c3k(self, scale: str) -> bool:
        """Tell whether upstream's parser builds every C3k2 of this scale with C3k."""
        return self.block == "C3k2" and scale in _C3K_LETTERS

    def letters_for(self, scale: str) -> tuple[str, ...]:
        """Return the letters under which upstream can build this scale from its own row, its own first.

        A file's name gives upstream the letter. With C3k2 the letter decides more than the row: m, l
        and x can be built under any letter once `c3k` is written out, n and s under neither of them.
        """
        bound = self.block == "C3k2" and not self.forces_c3k(scale)
        fits = (letter for letter in self.scales if not (bound and self.forces_c3k(letter)))
        return tuple(dict.fromkeys((scale, *fits)))


def _neck_input(name: str, lateral: str) -> Layer:
    return Layer(name, "Concat", (1,), sources=(PREVIOUS, lateral))


def _detect(*args: str) -> Layer:
    return Layer("detect", "Detect", args, sources=("td_p3_block", "bu_p4_block", "bu_p5_block"))


# In the names below, td is the path that goes top-down (coarse to fine), bu the one bottom-up.
_UPSAMPLE = ("None", 2, '"nearest"')
_UPSAMPLE_V5 = ("None", 2, "'nearest'")

_YOLOV5 = BaseModel(
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
        _neck_input("td_p4_cat", "p4_block"),
        Layer("td_p4_block", "C3", (512, False), 3),
        Layer("td_p4_conv", "Conv", (256, 1, 1)),
        Layer("td_p3_up", "nn.Upsample", _UPSAMPLE_V5),
        _neck_input("td_p3_cat", "p3_block"),
        Layer("td_p3_block", "C3", (256, False), 3),
        Layer("bu_p4_down", "Conv", (256, 3, 2)),
        _neck_input("bu_p4_cat", "td_p4_conv"),
        Layer("bu_p4_block", "C3", (512, False), 3),
        Layer("bu_p5_down", "Conv", (512, 3, 2)),
        _neck_input("bu_p5_cat", "td_p5_conv"),
        Layer("bu_p5_block", "C3", (1024, False), 3),
        _detect("nc", "anchors"),
    ),
)

_YOLOV8 = BaseModel(
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
        Layer("td_p4_up", "nn.Upsample", _UPSAMPLE),
        _neck_input("td_p4_cat", "p4_block"),
        Layer("td_p4_block", "C2f", (512,), 3),
        Layer("td_p3_up", "nn.Upsample", _UPSAMPLE),
        _neck_input("td_p3_cat", "p3_block"),
        Layer("td_p3_block", "C2f", (256,), 3),
        Layer("bu_p4_down", "Conv", (256, 3, 2)),
        _neck_input("bu_p4_cat", "td_p4_block"),
        Layer("bu_p4_block", "C2f", (512,), 3),
        Layer("bu_p5_down", "Conv", (512, 3, 2)),
        _neck_input("bu_p5_cat", "sppf"),
        Layer("bu_p5_block", "C2f", (1024,), 3),
        _detect("nc"),
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
            Layer("td_p4_up", "nn.Upsample", _UPSAMPLE),
            _neck_input("td_p4_cat", "p4_block"),
            Layer("td_p4_block", "C3k2", (512, neck_c3k), 2),
            Layer("td_p3_up", "nn.Upsample", _UPSAMPLE),
            _neck_input("td_p3_cat", "p3_block"),
            Layer("td_p3_block", "C3k2", (256, neck_c3k), 2),
            Layer("bu_p4_down", "Conv", (256, 3, 2)),
            _neck_input("bu_p4_cat", "td_p4_block"),
            Layer("bu_p4_block", "C3k2", (512, neck_c3k), 2),
            Layer("bu_p5_down", "Conv", (512, 3, 2)),
            _neck_input("bu_p5_cat", "attention"),
            last,
            _detect("nc"),
        ),
    )


MODELS: dict[str, BaseModel] = {
    model.name: model
    for model in (
        _YOLOV5,
        _YOLOV8,
        _c3k2_model(
            "yolo11",
            sppf=Layer("sppf", "SPPF", (1024, 5)),
            neck_c3k=False,
            last=Layer("bu_p5_block", "C3k2", (1024, True), 2),
        ),
        _c3k2_model(
            "yolo26",
            sppf=Layer("sppf", "SPPF", (1024, 5, 3, True)),
            neck_c3k=True,
            last=Layer("bu_p5_block", "C3k2", (1024, True, 0.5, True)),
        ),
    )
}


def find_model(name: str) -> BaseModel:
    """Return the base model of this name.

    Raises:
        UsageError: nothing has that name; the nearest names are in the hint.
    """
    for model in MODELS.values():
        if fold(model.name) == fold(name):
            return model
    raise unknown("model", name, MODELS, "yolopatch list pins")


def find_scales(model: BaseModel, text: str) -> tuple[str, ...]:
    """Return the scales that `--scale` names, one for each file to write.

    Args:
        model: whose scales they are.
        text: `all`, or letters with commas between (`n,s`). A model without a scales table has no
            file for all of them, so there `all` is every letter.

    Raises:
        UsageError: a name is no scale of the model, or there is none.
    """
    asked = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",")))
    if asked == (ALL_SCALES,):
        return asked if model.has_scales_table else tuple(model.scales)
    for letter in asked:
        if letter not in model.scales:
            hint = f"a scale is one of these letters, several with commas between, or {ALL_SCALES} alone"
            raise unknown(f"scale of {model.name}", letter, model.scales, hint)
    return asked
