"""The modules: each is a convolution from a paper, with its classes and the call that makes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.names import fold, unknown
from yolopatch.errors import UsageError

TUTORIAL_FLAVOR = "tutorial"
FLAVORS = ("paper", TUTORIAL_FLAVOR)

# What a module replaces: a bare convolution, upstream's Conv with BatchNorm, or upstream's block. An attention module
# replaces nothing: it keeps the channels of its input, and is inserted after a layer.
CONVOLUTION, LAYER, BLOCK, ATTENTION = KINDS = ("convolution", "layer", "block", "attention")
# the condition of a module that computes its own padding
HALF_PADDING = "p == k // 2"
# upstream's classes that have a counterpart for each module, such as C3k2_DSConv; block modules replace BLOCK_STEMS
BLOCK_STEMS = ("C3k2", "C2f", "C3")
STEMS = ("Conv", "Bottleneck", "C3k", *BLOCK_STEMS)
_USUAL_PLACEMENT = {BLOCK: "all-blocks", ATTENTION: "before-head"}


@dataclass(frozen=True)
class Place:
    """The file of ultralytics in which a post puts its classes. In yolov5 they go to the end of models/common.py.

    Attributes:
        file: its path from the tree's root.
        exported: whether an `__init__.py` beside it exports everything in it.
        has_blocks: whether the post's file also has the classes for Conv and the blocks (C3k2_DSConv).
        extras: the names of what the post prints in the file and no layer uses.
    """

    file: str
    exported: bool = False
    has_blocks: bool = False
    extras: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The dotted name of the file, which is the module of its classes."""
        return self.file.removesuffix(".py").replace("/", ".")

    @property
    def imported_from(self) -> str:
        """The dotted name from which the classes are imported."""
        return self.module.rpartition(".")[0] if self.exported else self.module

    @property
    def package_file(self) -> str:
        """The path of the `__init__.py` beside it."""
        return self.file.rpartition("/")[0] + "/__init__.py"


@dataclass(frozen=True)
class Tutorial:
    """The blog post that a module comes from.

    Attributes:
        id: its name in commands.
        pin: the pin that it is about.
        model: the base model of its YAML.
        placement: the placement that its YAML uses.
        place: where it puts its classes; None where it does not say.
    """

    id: str
    pin: str
    model: str
    placement: str
    place: Place | None = None


@dataclass(frozen=True)
class Module:
    """A module.

    Attributes:
        name: as in commands, commit trailers and patch names.
        source: stem of the file in `yolopatch/modules/` and of the file added to ultralytics.
        bare: the convolution class (`SPConv_3x3`); `classes` has all public classes.
        conv: the class with BatchNorm and activation; it has the signature of upstream's `Conv`.
        call: the Python expression that makes the bare class from `Conv`'s arguments
            `c1, c2, k, s, p, d, g`, where `p` is the padding already resolved.
        requires: what those arguments must satisfy, as (Python condition, the rule in words).
        kernels: the kernel sizes that the module supports; empty for any.
        least_inputs: the smallest number of input channels.
        tail: the YAML arguments of the bare class after its output channels, as a format string of
            `k`, `s` and `p`.
        printed_tail: the same as the tutorial prints it, for layers with the kernel `printed_kernel`.
        home: the user's own catalog with its source and patches; None for yolopatch's own modules.
        kind: one of KINDS; yolopatch's own modules are bare convolutions.
        strides: the strides that the module supports; empty for any.
        symbol: the name of the bare class in the source file, if it differs from `bare`.
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
        """Return the name of the class that replaces upstream's `stem`: `C3k2_DSConv`."""
        return self.conv if stem == "Conv" else f"{stem}_{self.name}"

    @property
    def classes(self) -> tuple[str, ...]:
        """The public classes of the source file: the bare class and its helpers."""
        return (*self.helpers, self.bare)

    @property
    def stands_for_conv(self) -> bool:
        """Whether it can replace a Conv, and so the convolutions in a block."""
        return self.kind in (CONVOLUTION, LAYER)

    @property
    def flavors(self) -> tuple[str, ...]:
        """The flavors that it has: a user's own module has only one."""
        return FLAVORS[:1] if self.home else FLAVORS

    @property
    def placement(self) -> str:
        """The default placement: that of its tutorial, or of its kind."""
        if self.tutorial:
            return self.tutorial.placement
        usual = "all-blocks" if self.strides == (1,) else "backbone-down"
        return _USUAL_PLACEMENT.get(self.kind, usual)

    def place_of(self, flavor: str) -> Place | None:
        """Return where a flavor's classes lie in ultralytics, None for `Layout.module_file`."""
        return self.tutorial.place if self.tutorial and flavor == TUTORIAL_FLAVOR else None

    def takes_stride(self, s: int) -> bool:
        """Tell whether the module can replace a convolution of stride s."""
        return not self.strides or s in self.strides

    @property
    def pads_itself(self) -> bool:
        """Whether its padding is always half its kernel."""
        return any(condition == HALF_PADDING for condition, _ in self.requires)

    def takes_kernel(self, k: int) -> bool:
        """Tell whether the module can replace a k×k convolution."""
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
            tutorial=Tutorial(
                "yolo11-c3k2-dsconv",
                "ultralytics-8.3.0",
                "yolo11",
                "all-blocks",
                # the post names the file and what is in the `__init__.py`; the folder is the usual one of such forks
                Place("ultralytics/nn/extra_modules/DSConv.py", exported=True, has_blocks=True),
            ),
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
            tutorial=Tutorial(
                "yolo26-refconv",
                "ultralytics-8.4.0",
                "yolo26",
                "backbone-down",
                Place(
                    "ultralytics/nn/conv/RefConv.py",
                    extras=("conv_bn", "conv_1x1_bn", "Hswish", "Hsigmoid", "SEModule", "Identity", "make_divisible"),
                ),
            ),
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


def module_of_class(name: str) -> Module | None:
    """Return the module that has a class of exactly this name, or None."""
    return next((module for module in MODULES.values() if name in _spellings(module)), None)


def own_source_name(name: str) -> str:
    """Return the stem of the file of a user's own module; no file of upstream has such a name."""
    return f"own_{name.casefold()}"


def own_stems(module: Module) -> frozenset[str]:
    """Return the stems of all files that a user's own module adds to an upstream."""
    around = () if module.kind == ATTENTION else (f"{module.source}_layers",)
    return frozenset({module.source, *around})


def is_own(name: str) -> bool:
    """Tell whether the module of this name is a user's own: of this catalog, or of another one."""
    return name not in MODULES or MODULES[name].home is not None


def names_of(module: Module) -> tuple[str, ...]:
    """Return every name by which commands find a module: its own name and the names of its classes."""
    return tuple(_spellings(module))


def lookup_module(name: str) -> Module | None:
    """Return the module with this name, or with a class of this name; None if there is none."""
    wanted = fold(name)
    return next((module for module in MODULES.values() if wanted in map(fold, _spellings(module))), None)


def find_module(name: str) -> Module:
    """Return the module with this name, or with a class of this name.

    Raises:
        UsageError: the name is unknown, or several names in one; the hint has the next command.
    """
    module = lookup_module(name)
    if module is None:
        raise _unknown_module(name)
    return module


def _unknown_module(name: str) -> UsageError:
    parts = [part for part in re.split(r"[\s,;+]+", name) if part]
    if len(parts) > 1:
        options = " ".join(f"--module {part}" for part in parts)
        return UsageError(f"--module {name}: one name is needed", hint=f"repeat the option: {options}")
    error = unknown("module", name, MODULES, "yolopatch list modules")
    if not name:
        return error
    link = " " if error.hint.endswith("?") else "; "
    adding = "a module of another paper comes from a file: yolopatch add FILE.py"
    return UsageError(error.what, details=error.details, hint=f"{error.hint}{link}{adding}")


def flavor_word(name: str, flavor: str) -> str:
    """Return the word for a module's flavor: a module of the user's own has no flavors, and is `yours`."""
    return "yours" if is_own(name) else flavor


def find_tutorial(name: str) -> Tutorial | None:
    """Return the tutorial with this id, or None."""
    tutorials = (module.tutorial for module in MODULES.values() if module.tutorial)
    return next((tutorial for tutorial in tutorials if fold(tutorial.id) == fold(name)), None)


def require_flavor(module: Module, flavor: str) -> None:
    """Refuse an unknown flavor, or a flavor that the module does not have.

    Raises:
        UsageError: the known flavors are in the details.
    """
    if flavor not in FLAVORS:
        raise unknown("flavor", flavor, FLAVORS)
    if flavor not in module.flavors:
        raise UsageError(f"{module.name} is a module of your own: it has no flavor {flavor}", hint="leave out --flavor")
