"""The parts of a model's YAML: a line for each layer, a row for each scale."""

from __future__ import annotations

from dataclasses import dataclass

PREVIOUS = "previous"

# Upstream's classes whose first argument is the number of output channels, which the scale's width multiplies.
_CONVOLUTIONS = "Conv ConvTranspose GhostConv DWConv MixConv2d CrossConv Focus SCDown ADown AConv DWConvTranspose2d"
_BLOCKS = (
    "Bottleneck GhostBottleneck BottleneckCSP C1 C2 C2f C2fAttn C2fCIB C2fPSA C2PSA C3 C3Ghost C3SPP C3TR C3k2 C3x"
)
_OTHERS = "A2C2f RepC3 RepNCSPELAN4 ELAN1 SPP SPPF SPPELAN PSA Classify nn.ConvTranspose2d"
_SCALED = frozenset(f"{_CONVOLUTIONS} {_BLOCKS} {_OTHERS}".split())
_NONE = ("None", "null")  # how a file writes Python's None


@dataclass(frozen=True)
class Layer:
    """One line of a model's YAML.

    Attributes:
        name: its name in templates and in other layers' `sources`; its number follows from the order.
        module: the class that upstream's parser builds.
        args: the YAML arguments; strings are written as they are, quotes included.
        repeats: how often the layer is repeated, before the scale's depth multiplies it.
        sources: names of the layers that it reads; `PREVIOUS` for the layer before it.
        backward: whether its sources are written as numbers counted back from it.
    """

    name: str
    module: str
    args: tuple[int | float | str, ...]
    repeats: int = 1
    sources: tuple[str, ...] = (PREVIOUS,)
    backward: bool = False

    @property
    def is_plain_conv(self) -> bool:
        """Whether it is a Conv whose channels, kernel and stride are numbers; not so in all files that people bring."""
        return self.module == "Conv" and bool(self.args) and all(type(arg) is int for arg in self.args[:3])

    @property
    def kernel(self) -> int:
        """The kernel size, for a Conv; upstream's default is 1."""
        return int(self.args[1]) if len(self.args) > 1 else 1

    @property
    def stride(self) -> int:
        """The stride, for a Conv; upstream's default is 1."""
        return int(self.args[2]) if len(self.args) > 2 else 1

    @property
    def sets_padding(self) -> bool:
        """Whether a Conv sets its padding; the default is half the kernel."""
        return len(self.args) > 3 and self.args[3] not in _NONE

    @property
    def groups(self) -> str:
        """The groups of a Conv, as written; upstream's default is 1."""
        return str(self.args[4]) if len(self.args) > 4 else "1"

    def dilation(self, style: str) -> str:
        """Return the dilation of a Conv, as written; yolov5's has none, and its activation in this place."""
        return str(self.args[5]) if style != "yolov5" and len(self.args) > 5 else "1"

    @property
    def sets_channels(self) -> bool:
        """Whether its first argument is its number of output channels, before the scale's width multiplies it."""
        return self.module in _SCALED and type(self.args[0] if self.args else None) is int

    def stands_for(self, stem: str) -> bool:
        """Tell whether it is a block of this class of upstream's, or a module's in its place (`C3k2_DSConv`)."""
        return self.module == stem or self.module.startswith(f"{stem}_")


@dataclass(frozen=True)
class Scale:
    """The multiples of repeats and channels of a model size.

    Attributes:
        max_channels: the cap before multiplication.
        letter: its name in upstream's table, where that is not the scale's own.
    """

    depth: float
    width: float
    max_channels: int | None = None
    letter: str = ""
