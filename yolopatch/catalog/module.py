"""A module: an idea of a paper as classes, what it takes the place of, and the call that makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yolopatch.catalog.kinds import BACKBONE, CONVOLUTION, FORK, HEAD, JOIN, KINDS, LAYER, LOSS, UP, Kind

TUTORIAL_FLAVOR = "tutorial"
FLAVORS = ("paper", TUTORIAL_FLAVOR)
# of a loss: it also takes the place of the overlap by which boxes are assigned to objects
ASSIGNER_FLAVOR = "assigner"
# the condition of a module that computes its own padding
HALF_PADDING = "p == k // 2"
# How a loss takes boxes [N, 4]: two corners, or the centre and the size. `.T`: as [4, N], a coordinate in each row.
BOX_FORMS = ("xyxy", "xywh", "xyxy.T", "xywh.T")
GIVES_LOSS, GIVES_OVERLAP = "loss", "overlap"


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
        tail: the YAML arguments of the bare class after its output channels, as a format string of `k`, `s` and `p`; of
            a class without channels in its row, all of them.
        printed_tail: the same as the tutorial prints it, for layers with the kernel `printed_kernel`.
        home: the user's own catalog with its source and patches; None for yolopatch's own modules.
        kind: a key of KINDS.
        strides: the strides that the module supports; empty for any.
        symbol: the name of the bare class in the source file, if it differs from `bare`.
        stem: of a head, the class of upstream that it replaces: `Detect`.
        outputs: its output channels, as a Python expression of the kind's values: of a join and of an up-sampler.
        spread: whether the forward of a join takes its maps one by one, not as a list.
        boxes: of a loss, the forms in which it takes the predicted and the wanted boxes, of `BOX_FORMS`.
        gives: of a loss, whether it returns a `loss` or an `overlap`.
        passed: of a loss that is a class, what its call gets after the boxes, as arguments in Python.
        assigns: of a loss, whether boxes can be assigned by it, too: it needs nothing but boxes, and keeps no state.
        stated: the placement that the post's own YAML states; "" for the usual one of its kind.
        packages: imports that look like files of the post, and that the user says are installed packages.
        misfit: why it does not fit where modules of its kind stand in the families' models; "" if it does.
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
    tail: str = ""
    printed_tail: str = ""
    printed_kernel: int = 0
    home: Path | None = None
    kind: str = CONVOLUTION
    strides: tuple[int, ...] = ()
    symbol: str = ""
    stem: str = ""
    outputs: str = ""
    spread: bool = False
    boxes: tuple[str, str] = ("xyxy", "xyxy")
    gives: str = GIVES_LOSS
    passed: str = ""
    assigns: bool = False
    stated: str = ""
    packages: tuple[str, ...] = ()
    misfit: str = ""

    def suffixed(self, stem: str) -> str:
        """Return the name of the class that replaces upstream's `stem`: `C3k2_DSConv`."""
        return self.conv if stem == "Conv" else f"{stem}_{self.name}"

    @property
    def classes(self) -> tuple[str, ...]:
        """The public classes of the source file: the bare class and its helpers."""
        return (*self.helpers, self.bare)

    @property
    def defined_as(self) -> str:
        """The name of its class, or of its function, in its source file."""
        return self.symbol or self.bare

    @property
    def role(self) -> Kind:
        """What its kind takes the place of."""
        return KINDS[self.kind]

    @property
    def stands_for_conv(self) -> bool:
        """Whether it can replace a Conv, and so the convolutions in a block."""
        return self.kind in (CONVOLUTION, LAYER)

    @property
    def stems(self) -> tuple[str, ...]:
        """The classes of upstream that have a counterpart for it."""
        return (self.stem,) if self.stem else self.role.stems

    @property
    def spellings(self) -> Iterator[str]:
        """The names by which commands find it: its own name and the names of its classes."""
        return iter((self.name, *self.classes, *(self.suffixed(stem) for stem in self.stems)))

    @property
    def is_written_around(self) -> bool:
        """Whether classes around its own stand in the place of upstream's."""
        return bool(self.stems) or self.spread or self.kind in (BACKBONE, LOSS)

    @property
    def has_layers(self) -> bool:
        """Whether it can be placed in a model: a loss has no layer, and a fork has its own YAMLs."""
        return self.kind not in (LOSS, FORK)

    @property
    def is_made_on_demand(self) -> bool:
        """Whether its patch is made from the text of a pin when it is asked for, so that none is stored."""
        return self.home is not None and self.kind != FORK

    @property
    def keeps_widths(self) -> bool:
        """Whether the layers behind it get as many channels as without it."""
        usual = {JOIN: "sum(inputs)", UP: "c1"}.get(self.kind, "")
        return self.kind != BACKBONE and (self.kind == HEAD or not self.outputs or self.outputs == usual)

    @property
    def flavors(self) -> tuple[str, ...]:
        """The flavors that it has: without a tutorial only one, and a loss may have that of the assigner, too."""
        if self.tutorial:
            return FLAVORS
        return (FLAVORS[0], ASSIGNER_FLAVOR) if self.assigns else FLAVORS[:1]

    @property
    def placement(self) -> str:
        """The default placement: that of its tutorial or post, or of its kind."""
        if self.tutorial:
            return self.tutorial.placement
        if self.stated:
            return self.stated
        # a convolution that keeps the size of the map cannot replace one that halves it
        return "all-blocks" if self.stands_for_conv and self.strides == (1,) else self.role.placement

    def place_of(self, flavor: str) -> Place | None:
        """Return where a flavor's classes lie in ultralytics, None for `Layout.module_file`."""
        return self.tutorial.place if self.tutorial and flavor == TUTORIAL_FLAVOR else None

    def takes_stride(self, s: int) -> bool:
        """Tell whether the module can replace a convolution of stride s."""
        return not self.strides or s in self.strides

    @property
    def pads_itself(self) -> bool:
        """Whether its padding is always half its kernel."""
        return self.demands(HALF_PADDING)

    def demands(self, condition: str) -> bool:
        """Tell whether this condition is one of those that the arguments must satisfy."""
        return any(required == condition for required, _ in self.requires)

    def takes_kernel(self, k: int) -> bool:
        """Tell whether the module can replace a k×k convolution."""
        return not self.kernels or k in self.kernels

    def bare_tail(self, k: int, s: int) -> str:
        """Return the YAML arguments of the bare class, after the output channels, for a k×k, stride s layer."""
        form = self.printed_tail if self.printed_tail and k == self.printed_kernel else self.tail
        return form.format(k=k, s=s, p=k // 2)
