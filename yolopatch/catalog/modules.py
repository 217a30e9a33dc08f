"""The modules: one convolution idea from a paper each, its classes, and how a layer calls them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.names import fold, unknown
from yolopatch.errors import UsageError

TUTORIAL_FLAVOR = "tutorial"
FLAVORS = ("paper", TUTORIAL_FLAVOR)

# What a module stands for: a bare convolution, upstream's Conv with its BatchNorm, upstream's block; or it keeps its
# input's channels, and stands behind a layer.
CONVOLUTION, LAYER, BLOCK, ATTENTION = KINDS = ("convolution", "layer", "block", "attention")
# the condition of a module that pads by itself, so that no layer can say otherwise
HALF_PADDING = "p == k // 2"
# upstream's classes, of which a module has one each with its name behind; one like a block has those of blocks
BLOCK_STEMS = ("C3k2", "C2f", "C3")
STEMS = ("Conv", "Bottleneck", "C3k", *BLOCK_STEMS)
_USUAL_PLACEMENT = {BLOCK: "all-blocks", ATTENTION: "before-head"}


@dataclass(frozen=True)
class Tutorial:
    """The blog post that a module comes from: its id, pin, and the placement that its YAML uses."""

    id: str
    pin: str
    model: str
    placement: str


@dataclass(frozen=True)
class Module:
    """One module.

    Attributes:
        name: as commands, trailers and patch names have it.
        source: stem of the file in `yolopatch/modules/` and of the file added to ultralytics.
        bare: the convolution class (`SPConv_3x3`); `classes` lists what further public ones it needs.
        conv: the class with BatchNorm and activation, upstream's `Conv` signature.
        call: the Python expression that makes the bare class from `Conv`'s arguments
            `c1, c2, k, s, p, d, g`, where `p` is the padding already resolved.
        requires: what those arguments must satisfy, as (Python condition, the rule in words).
        kernels: the kernel sizes that the module can take; empty for any.
        least_inputs: how many input channels it needs at least.
        tail: the YAML arguments of the bare class after its output channels, as a format string of
            `k`, `s` and `p`; a convolution of another kernel than the tutorial's needs the whole list.
        printed_tail: the same as the tutorial prints it, for layers that fit `printed_kernel`.
        home: the user's own catalog that it comes from, with its source and patches; None for one of ours.
        kind: one of KINDS; ours are all bare convolutions.
        strides: the strides that the module can take; empty for any.
        symbol: what the source calls the bare class, where that is another name.
    """

    name: str
    source: str
    bare: str
    conv: str
    paper: str
    tutorial: Tutorial | None
    call: str
    requires: tuple[tuple[str, str], ...] = ()
    helpers: tuple[str, ...] = ()
    kernels: tuple[int, ...] = ()
    least_inputs: int = 1
    tail: str = "{k}, {s}"
    printed_tail: str = ""
    printed_kernel: int = 0
    home: Path | None = None
    kind: str = CONVOLUTION
    strides: tuple[int, ...] = ()
    symbol: str = ""

    def suffixed(self, stem: str) -> str:
        """Return the name of the class that stands in for upstream's `stem`: `C3k2_DSConv`."""
        return self.conv if stem == "Conv" else f"{stem}_{self.name}"

    @property
    def classes(self) -> tuple[str, ...]:
        """Public classes of the single source: the bare class and what it is made of."""
        return (*self.helpers, self.bare)

    @property
    def stands_for_conv(self) -> bool:
        """Whether it can stand in a Conv's place, and so in the convolutions of a block."""
        return self.kind in (CONVOLUTION, LAYER)

    @property
    def flavors(self) -> tuple[str, ...]:
        """The flavors that it has: a user's own module is only what it is."""
        return FLAVORS[:1] if self.home else FLAVORS

    @property
    def placement(self) -> str:
        """The placement that it has where none is asked for: its tutorial's, or its kind's."""
        if self.tutorial:
            return self.tutorial.placement
        usual = "all-blocks" if self.strides == (1,) else "backbone-down"
        return _USUAL_PLACEMENT.get(self.kind, usual)

    def takes_stride(self, s: int) -> bool:
        """Tell whether the module can stand for a convolution of stride s."""
        return not self.strides or s in self.strides

    @property
    def pads_itself(self) -> bool:
        """Whether it pads by half its kernel, whatever a layer says."""
        return any(condition == HALF_PADDING for condition, _ in self.requires)

    def takes_kernel(self, k: int) -> bool:
        """Tell whether the module can stand for a k×k convolution."""
        return not self.kernels or k in self.kernels

    def bare_tail(self, k: int, s: int) -> str:
        """Return the YAML arguments of the bare class, after the output channels, for a k×k, stride s layer."""
        form = self.printed_tail if self.printed_tail and k == self.printed_kernel else self.tail
        return form.format(k=k, s=s, p=k // 2)


_STRAIGHT = (("d == 1", "dilation 1"),)
_THREE_BY_THREE = (
    ("k == 3", "a 3×3 kernel"),
    ("p == 1", "padding 1"),
    ("g == 1", "groups 1"),
    ("d == 1", "dilation 1"),
)

MODULES: dict[str, Module] = {
    module.name: module
    for module in (
        Module(
            name="DSConv",
            source="dsconv",
            bare="DSConv",
            conv="DSConv2D",
            paper="Gennari, Fawcett, Prisacariu: DSConv: Efficient Convolution Operator (ICCV 2019), arXiv 1901.01928",
            tutorial=Tutorial("yolo11-c3k2-dsconv", "ultralytics-8.3.0", "yolo11", "all-blocks"),
            call="DSConv(c1, c2, k, s, p, d, g)",
        ),
        Module(
            name="Dynamic_conv2d",
            source="dynamic_conv2d",
            bare="Dynamic_conv2d",
            conv="Conv_Dynamic_conv2d",
            helpers=("attention2d",),
            paper="Chen et al.: Dynamic Convolution: Attention over Convolution Kernels (CVPR 2020), arXiv 1912.03458",
            tutorial=Tutorial("yolov5-dynamic", "yolov5-6.1", "yolov5", "head-1x1"),
            call="Dynamic_conv2d(c1, c2, k, stride=s, padding=p, dilation=d, groups=g)",
            # (kernel_size, ratio, stride, padding): the class has no `[c, k, s]` form
            tail="{k}, 0.25, {s}, {p}",
            # what the post prints as [512, 1, 1]: its last value is the ratio, not the stride
            printed_tail="{k}, {s}",
            printed_kernel=1,
        ),
        Module(
            name="DynamicConv",
            source="dynamicconv",
            bare="DynamicConv",
            conv="Conv_DynamicConv",
            helpers=("CondConv2d",),
            paper="Han et al.: ParameterNet: Parameters Are All You Need (CVPR 2024), arXiv 2306.14525",
            tutorial=Tutorial("yolo26-dynamicconv", "ultralytics-8.4.0", "yolo26", "backbone-down"),
            call="DynamicConv(c1, c2, k, s, p, d, g)",
        ),
        Module(
            name="RefConv",
            source="refconv",
            bare="RefConv",
            conv="Conv_RefConv",
            paper="Cai et al.: RefConv: Re-parameterized Refocusing Convolution for Powerful ConvNets, "
            "arXiv 2310.10563",
            tutorial=Tutorial("yolo26-refconv", "ultralytics-8.4.0", "yolo26", "backbone-down"),
            call="RefConv(c1, c2, k, s, p, g)",
            requires=(("k >= 3", "a kernel of at least 3×3, the size of its refocusing map"), *_STRAIGHT),
            kernels=(3, 5, 6, 7),
        ),
        Module(
            name="SPConv",
            source="spconv",
            bare="SPConv_3x3",
            conv="Conv_SPConv",
            paper="Zhang et al.: Split to Be Slim: An Overlooked Redundancy in Vanilla Convolution (IJCAI 2020), "
            "arXiv 2006.12085",
            tutorial=Tutorial("yolov8-spconv", "ultralytics-8.2.50", "yolov8", "backbone-down"),
            call="SPConv_3x3(c1, c2, s)",
            requires=_THREE_BY_THREE,
            kernels=(3,),
            # half of them are split into two groups of a grouped convolution
            least_inputs=4,
            # the class has no kernel argument: its third is the stride
            tail="{s}",
        ),
    )
}


def _spellings(module: Module) -> Iterator[str]:
    stems = {ATTENTION: (), BLOCK: BLOCK_STEMS}.get(module.kind, STEMS)
    return iter((module.name, *module.classes, *(module.suffixed(stem) for stem in stems)))


def is_class(name: str) -> bool:
    """Tell whether some module has a class of exactly this name."""
    return any(name in _spellings(module) for module in MODULES.values())


def names_of(module: Module) -> tuple[str, ...]:
    """Return every name by which commands find a module: its own and those of its classes."""
    return tuple(_spellings(module))


def find_module(name: str) -> Module:
    """Return the module that this name, or the name of one of its classes, means.

    Raises:
        UsageError: nothing has that name; the nearest names are in the hint.
    """
    wanted = fold(name)
    for module in MODULES.values():
        if wanted in map(fold, _spellings(module)):
            return module
    raise unknown("module", name, MODULES, "yolopatch list modules")


def find_tutorial(name: str) -> Tutorial | None:
    """Return the tutorial with this id, None where there is none."""
    tutorials = (module.tutorial for module in MODULES.values() if module.tutorial)
    return next((tutorial for tutorial in tutorials if fold(tutorial.id) == fold(name)), None)


def require_flavor(module: Module, flavor: str) -> None:
    """Refuse a flavor that there is none of, or that the module does not have.

    Raises:
        UsageError: which ones there are is told.
    """
    if flavor not in FLAVORS:
        raise unknown("flavor", flavor, FLAVORS)
    if flavor not in module.flavors:
        raise UsageError(
            f"{module.name} is a module of your own, which has no flavor {flavor}", hint="leave --flavor out"
        )
