"""Checkpoints: `look-into`, `load`, `transplant`, `pack`, `unpack`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .codec import encode
from .messages import UpstreamRequest

COPIED, INITIALISED, FRESH = "copied", "initialised", "fresh"


@dataclass(frozen=True)
class LookRequest:
    """Read what a file says of itself, without running any code in it."""

    file: str


@dataclass(frozen=True)
class NoCheckpoint:
    """The file is not a checkpoint; `why` is the reason."""

    why: str


@dataclass(frozen=True)
class Contents:
    """What a checkpoint says of itself.

    Attributes:
        stamp: the value under the stamp's key, None where it has none; not trusted: any program may have written it.
        asked: `module.name` of everything that loading it would import.
        uses: how loading it would use that, see `probe/pickled/uses.py`.
        version: upstream's version, None where the file does not say it.
        model: whether it holds a model, and not only tensors.
        packed: whether `yolopatch pack` wrote it.
        keys: the first of its entries' names.
        sum: sha256 of its `data.pkl`, where all of this was read.
    """

    stamp: Any
    asked: tuple[str, ...]
    uses: tuple[str, ...]
    version: str | None
    model: bool
    packed: bool
    keys: tuple[str, ...]
    sum: str


@dataclass(frozen=True)
class LoadRequest(UpstreamRequest):
    """Load a checkpoint by upstream's own loader, which runs the code that its pickle names.

    Attributes:
        file: the checkpoint.
        sum: as in its Contents; a file with another sum is not loaded.
        trust: whether to load it even if a model's YAML in it has strings that upstream would run.
    """

    file: str
    sum: str
    trust: bool


@dataclass(frozen=True)
class Loaded:
    """A checkpoint's model, as upstream's own loader returned it.

    Attributes:
        model: the name of its class.
        layers, parameters: as upstream counts them.
        classes: the names of the object classes.
        not_finite: the names of tensors with NaN or infinite values.
    """

    model: str
    layers: int
    parameters: int
    classes: tuple[str, ...]
    not_finite: tuple[str, ...]


@dataclass(frozen=True)
class TransplantRequest(UpstreamRequest):
    """Start a patched model from a base model's checkpoint.

    Attributes:
        cfg, scale: the patched model's YAML, and its scale.
        weights: the base's checkpoint.
        out: the file to write.
        nc: the number of classes, None for the YAML's.
        side: of the square images in pixels.
        images: a folder of images, None for those that upstream ships.
        seed: for the tensors that stay fresh.
    """

    cfg: str
    scale: str
    weights: str
    out: str
    nc: int | None
    side: int
    images: str | None
    seed: int


@dataclass(frozen=True)
class PartStart:
    """What tensors of one module of a model start from.

    Attributes:
        name: the module's dotted name in the model.
        source: the dotted name of the base's module, None where the base has none.
        how: COPIED, INITIALISED or FRESH.
        tensors: their names within the module: for COPIED its own tensors, else all below it.
        taken: the names, within the base's module, of the tensors that they are made from.
        reason: why, in words.
        error: for INITIALISED, the relative error of the module's output against the convolution's; else None.
    """

    name: str
    source: str | None
    how: str
    tensors: tuple[str, ...]
    taken: tuple[str, ...] = ()
    reason: str = ""
    error: float | None = None


@dataclass(frozen=True)
class LayerStart:
    """What a layer of a model starts from.

    Attributes:
        layer: its index.
        kind: its class.
        base_layer: the index of the base's layer that it replaces or equals, None where the base has none.
        base_kind: the class of that layer.
        lost: the kinds of parts that the base's layer has and this one does not: `BatchNorm`, `activation`.
        parts: each of its tensors, in one of them.
    """

    layer: int
    kind: str
    base_layer: int | None
    base_kind: str | None
    lost: tuple[str, ...]
    parts: tuple[PartStart, ...]

    def data(self) -> dict[str, Any]:
        """Return the layer as `transplant --json` prints it: `class` is no name in Python."""
        return {
            "layer": self.layer,
            "class": self.kind,
            "base_layer": self.base_layer,
            "base_class": self.base_kind,
            "lost": list(self.lost),
            "parts": encode(self.parts),
        }


@dataclass(frozen=True)
class DroppedLayer:
    """A layer of the base that no layer of the model equals or replaces."""

    layer: int
    kind: str

    def data(self) -> dict[str, Any]:
        """Return the layer as `transplant --json` prints it."""
        return {"layer": self.layer, "class": self.kind}


@dataclass(frozen=True)
class Agreement:
    """How far a model's outputs are from its base's.

    Attributes:
        of: what was compared: `outputs` of the head before upstream sorts and cuts them; `head inputs` where the heads
            differ; `nothing` where these have other shapes, too.
        error: the relative error, None where nothing was compared.
        own_bits: the numbers of bits that the model's layers quantise to; None where no layer quantises.
        bits: the relative error with every such layer at another number of bits, by that number; None as above.
    """

    of: str
    error: float | None
    own_bits: tuple[int, ...] | None = None
    bits: Mapping[str, float] | None = None

    def data(self) -> dict[str, Any]:
        """Return it as `transplant --json` prints it: without the bits of a model that does not quantise."""
        return {key: value for key, value in encode(self).items() if key in ("of", "error") or value is not None}


@dataclass(frozen=True)
class ClassCounts:
    """How many object classes the model has, and the base; None where a YAML does not say it."""

    model: int | None
    base: int | None


@dataclass(frozen=True)
class ImageSet:
    """How many images the base was run on, and their side in pixels."""

    count: int
    side: int


@dataclass(frozen=True)
class TransplantAnswer:
    """A written checkpoint.

    Attributes:
        layers: what each layer of the model starts from.
        dropped: layers of the base that are not in the model.
        unused: the names of tensors of the checkpoint that its own model does not have.
        outputs: how far the model's outputs are from the base's.
        classes: the number of object classes of both.
        images: the images on which the outputs were compared.
    """

    layers: tuple[LayerStart, ...]
    dropped: tuple[DroppedLayer, ...]
    unused: tuple[str, ...]
    outputs: Agreement
    classes: ClassCounts
    images: ImageSet


@dataclass(frozen=True)
class PackRequest(UpstreamRequest):
    """Store a checkpoint's DSConv kernels as integers of a few bits.

    Attributes:
        weights: the checkpoint.
        out: the file to write.
        bits, block_size: None for those of each layer.
        side: of the square images in pixels.
    """

    weights: str
    out: str
    bits: int | None
    block_size: int | None
    side: int


@dataclass(frozen=True)
class PackedLayer:
    """A packed DSConv layer.

    Attributes:
        name: its dotted name in the model.
        bits: of each integer.
        block_size: how many input channels share a scale.
        shape: of its kernel, (out, in, height, width).
        float32: bytes of its kernel in float32.
        packed: bytes of its kernel in the packed file, integers and scales.
    """

    name: str
    bits: int
    block_size: int
    shape: tuple[int, ...]
    float32: int
    packed: int


@dataclass(frozen=True)
class PackedSizes:
    """Bytes: of all tensors in float32, of the checkpoint's file, of the packed file."""

    float32: int
    checkpoint: int
    packed: int


@dataclass(frozen=True)
class PackAnswer:
    """A written packed file.

    Attributes:
        layers: the packed layers.
        digest: SHA-256 of their kernels in float32.
        error: the relative error of the model's outputs against the checkpoint's; None where bits and blocks, and so
            the outputs, are unchanged.
        file: its size, and what it replaces.
    """

    layers: tuple[PackedLayer, ...]
    digest: str
    error: float | None
    file: PackedSizes


@dataclass(frozen=True)
class UnpackRequest(UpstreamRequest):
    """Make a checkpoint from a packed file.

    Attributes:
        weights: the packed file.
        out: the file to write.
    """

    weights: str
    out: str


@dataclass(frozen=True)
class UnpackAnswer:
    """A written checkpoint: how many packed layers and other tensors it has, and the digest of its kernels.

    The kernels are those that upstream's own loader returns.
    """

    layers: int
    tensors: int
    digest: str
