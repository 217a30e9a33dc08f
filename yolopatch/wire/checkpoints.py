"""What is done with checkpoints: `look-into`, `load`, `transplant`, `pack`, `unpack`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .messages import UpstreamRequest

COPIED, INITIALISED, FRESH = "copied", "initialised", "fresh"


@dataclass(frozen=True)
class LookRequest:
    """A file to look into without running anything of it."""

    file: str


@dataclass(frozen=True)
class NoCheckpoint:
    """Why the file is none."""

    why: str


@dataclass(frozen=True)
class Contents:
    """What a checkpoint says of itself.

    Attributes:
        stamp: what is under the stamp's key, None where it has none; anybody may have written it.
        asked: `module.name` of all that loading it would import.
        version: what it says of upstream's version, None where it says nothing.
        model: whether it holds a model, and not tensors alone.
        sum: sha256 of the bytes that say all this.
    """

    stamp: Any
    asked: tuple[str, ...]
    version: str | None
    model: bool
    sum: str


@dataclass(frozen=True)
class LoadRequest(UpstreamRequest):
    """A checkpoint for upstream's own loader, which runs what its pickle names; `sum` is that of its contents."""

    file: str
    sum: str


@dataclass(frozen=True)
class Loaded:
    """A checkpoint's model, as upstream's own loader gave it.

    Attributes:
        model: the name of its class.
        layers, parameters: as upstream counts them.
        classes: the names of what it detects or tells apart.
        not_finite: the tensors with NaN or infinite values.
    """

    model: str
    layers: int
    parameters: int
    classes: tuple[str, ...]
    not_finite: tuple[str, ...]


@dataclass(frozen=True)
class TransplantRequest(UpstreamRequest):
    """Start a patched model from a base's checkpoint.

    Attributes:
        cfg, scale: what is built.
        weights: the base's checkpoint.
        out: where to write.
        nc: the number of classes, None for the YAML's.
        side: of the images in pixels.
        images: a folder of images, None for those that upstream ships.
        seed: for what stays fresh.
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
class TransplantAnswer:
    """What each layer starts as, and how far the outputs lie from the base's; the results print it as it is."""

    layers: list[Mapping[str, Any]]
    dropped: list[Mapping[str, Any]]
    unused: list[str]
    outputs: Mapping[str, Any]
    classes: Mapping[str, int | None]
    images: Mapping[str, int]


@dataclass(frozen=True)
class PackRequest(UpstreamRequest):
    """Store a checkpoint's DSConv kernels as integers.

    Attributes:
        weights: the checkpoint.
        out: where to write.
        bits, block_size: None for what the layers have.
        side: of the images in pixels.
    """

    weights: str
    out: str
    bits: int | None
    block_size: int | None
    side: int


@dataclass(frozen=True)
class PackAnswer:
    """What was packed: the layers, the digest of their kernels, the outputs' relative error, sizes in bytes."""

    layers: list[Mapping[str, Any]]
    digest: str
    error: float | None
    file: Mapping[str, int]


@dataclass(frozen=True)
class UnpackRequest(UpstreamRequest):
    """Make a checkpoint of a packed file."""

    weights: str
    out: str


@dataclass(frozen=True)
class UnpackAnswer:
    """How many layers and tensors, and the digest of the kernels as upstream loads them."""

    layers: int
    tensors: int
    digest: str
