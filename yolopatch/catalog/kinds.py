"""Kinds of modules: what of upstream's each takes the place of, and what its constructor can be given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yolopatch.wire import arguments as by

CONVOLUTION, LAYER, BLOCK, ATTENTION = "convolution", "layer", "block", "attention"
JOIN, UP, DOWN = "join", "up-sampler", "down-sampler"
POOL, PSA, HEAD, LOSS, BACKBONE = "pool", "psa", "head", "loss", "backbone"
FORK = "fork"

# upstream's blocks, one for each family, and its heads, one for each task
BLOCK_STEMS = ("C3k2", "C2f", "C3")
HEAD_STEMS = ("Detect", "Segment", "Pose", "OBB", "Classify")
STEMS = ("Conv", "Bottleneck", "C3k", *BLOCK_STEMS)

_CONV_VALUES = (by.INPUTS, by.OUTPUTS, by.KERNEL, by.STRIDE, by.PADDING, by.GROUPS, by.DILATION)

# what upstream's own heads get besides; no pin has all of them
_HEAD_VALUES = ("reg_max", "end2end", "anchors", "nm", "npr", "kpt_shape", "ne")


@dataclass(frozen=True)
class Kind:
    """What a module stands for in a model.

    Attributes:
        like: the values of `--like` that mean it; the first one is shown. Of what `add` does not make, none.
        group: modules of this kind, in the plural; kinds with the same one are listed together.
        replaces: what it takes the place of, in words.
        values: what the arguments of its constructor can be given; the names are those of `wire.arguments`.
        stems: the classes of upstream that have a counterpart for each module: `C3k2_X` for `C3k2`.
        placement: the usual placement; "" for a kind without a row in a model's YAML.
        layer: the class whose rows it replaces; "" where rules other than the class decide.
        inserted: whether it can be a new layer after another one.
    """

    like: tuple[str, ...]
    group: str
    replaces: str
    values: tuple[str, ...]
    stems: tuple[str, ...] = ()
    placement: str = ""
    layer: str = ""
    inserted: bool = False

    @property
    def word(self) -> str:
        """The value of `--like` that is shown for it."""
        return self.like[0]


# kinds whose rows have no number of channels: it follows from what they read
UNSIZED = (ATTENTION, UP, JOIN)
# kinds that are called with the arguments of upstream's Conv
CONV_LIKE = (CONVOLUTION, LAYER, DOWN)

KINDS: Mapping[str, Kind] = {
    CONVOLUTION: Kind(
        like=("Conv2d",),
        group="convolutions",
        replaces="a Conv, with BatchNorm and activation after it; also the convolutions in a block",
        values=_CONV_VALUES,
        stems=STEMS,
        placement="backbone-down",
        inserted=True,
    ),
    LAYER: Kind(
        like=("Conv",),
        group="convolutions",
        replaces="a Conv, without changes; also the convolutions in a block",
        values=(*_CONV_VALUES, by.ACTIVATION),
        stems=STEMS,
        placement="backbone-down",
        inserted=True,
    ),
    DOWN: Kind(
        like=("downsample",),
        group="down-samplers",
        replaces="a Conv of stride 2: it halves the map",
        values=(*_CONV_VALUES, by.ACTIVATION),
        stems=("Conv",),
        placement="backbone-down",
        layer="Conv",
    ),
    BLOCK: Kind(
        like=("block", *BLOCK_STEMS),
        group="blocks",
        replaces="the block of the model (C3k2, C2f or C3)",
        values=(by.INPUTS, by.OUTPUTS, by.REPEATS, by.SHORTCUT, by.EXPANSION, by.GROUPS, by.C3K),
        stems=BLOCK_STEMS,
        placement="all-blocks",
    ),
    ATTENTION: Kind(
        like=("attention",),
        group="attention",
        replaces="no layer: it is inserted after a layer and keeps the channels",
        values=(by.INPUTS, by.OUTPUTS),
        placement="before-head",
        inserted=True,
    ),
    JOIN: Kind(
        like=("Concat", "join"),
        group="joins",
        replaces="a Concat: it joins several maps into one",
        values=(by.INPUT_LIST, by.COUNT, by.INPUTS, by.OUTPUTS),
        placement="all-joins",
        layer="Concat",
    ),
    UP: Kind(
        like=("Upsample",),
        group="up-samplers",
        replaces="an nn.Upsample: it doubles the map",
        values=(by.INPUTS, by.OUTPUTS),
        placement="all-upsamples",
        layer="nn.Upsample",
    ),
    POOL: Kind(
        like=("SPPF",),
        group="pools and attention at the backbone's end",
        replaces="the SPPF at the end of the backbone",
        values=(by.INPUTS, by.OUTPUTS, by.KERNEL),
        stems=("SPPF",),
        placement="sppf",
        layer="SPPF",
    ),
    PSA: Kind(
        like=("C2PSA",),
        group="pools and attention at the backbone's end",
        replaces="the C2PSA at the end of the backbone",
        values=(by.INPUTS, by.OUTPUTS, by.REPEATS, by.EXPANSION),
        stems=("C2PSA",),
        placement="c2psa",
        layer="C2PSA",
    ),
    HEAD: Kind(
        like=HEAD_STEMS,
        group="heads",
        replaces="the model's head",
        values=(by.CLASSES, by.INPUT_LIST, by.COUNT, *_HEAD_VALUES),
        stems=HEAD_STEMS,
        placement="head",
    ),
    BACKBONE: Kind(
        like=("backbone",),
        group="backbones",
        replaces="every layer of the backbone down to its last stage: it returns a list of maps",
        values=(),
        stems=("Index",),  # what later releases call the layer that picks a map
        placement="backbone",
    ),
    LOSS: Kind(
        like=("loss",),
        group="losses of boxes",
        replaces="the overlap in the loss of the boxes; the model's YAML stays as it is",
        values=(by.WIDTH, by.HEIGHT),
    ),
    FORK: Kind(
        like=(),
        group="forks",
        replaces="nothing by itself: the YAMLs that came with it name its classes",
        values=(),
    ),
}

# The values of `--like`, and the kind that each means.
LIKE: Mapping[str, str] = {word: name for name, kind in KINDS.items() for word in kind.like}
