"""The base model of a transplant: read from a checkpoint, built, loaded, and refused where it does not fit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...wire.checkpoints import TransplantRequest
from ..base.bases import LEAST_LIKENESS, find_base
from ..base.rows import rows_of
from ..protocol.refusal import Refusal
from ..tensors.models import UpstreamModel
from ..upstreams.upstream import Upstream
from .harmless import build_stored
from .pairing import pair_layers
from .stored import Stored, Unreadable, read_stored

_EXPORT, _TEXT, _EMPTY = (re.compile(word) for word in ("export", "text,", "empty$"))
_DAMAGED = re.compile(r"damaged|is\s+empty|went\s+wrong")
_HEAD_KEYS = ("end2end", "reg_max")


def read_finite(file: str) -> Stored:
    """Read a checkpoint as data.

    Raises:
        Refusal: it cannot be read, or holds NaN or infinity.
    """
    try:
        stored = read_stored(file)
    except Unreadable as error:
        raise Refusal(
            f"{file} is not a checkpoint that can be read",
            f"found: {error}",
            hint=_remedy(str(error)),
        ) from error
    wild = [name for name, t in stored.state.items() if t.is_floating_point() and not bool(torch.isfinite(t).all())]
    if wild:
        raise Refusal(
            f"{file} has weights that are not finite",
            f"found: NaN or infinity in {len(wild)} of {len(stored.state)} tensors, first in {wild[0]}",
            hint="use a checkpoint that was saved before the training diverged",
        )
    return stored


def _remedy(why: str) -> str:
    """Return what to do about a file that is no checkpoint, by what it is."""
    if _EXPORT.search(why):
        return "name the .pt file that it was exported from: an export holds no model to train on"
    if _TEXT.search(why):
        return "name the .pt file with the weights: a YAML holds the architecture alone"
    if _DAMAGED.search(why):
        return "get the file again: the download or the copy was cut short, or the disk is at fault"
    if _EMPTY.search(why):
        return "name a checkpoint that was saved with its model"
    return "name a complete .pt file of upstream's"


def read_with_model(file: str, hint: str) -> tuple[Stored, dict[str, Any]]:
    """Read a checkpoint that holds a model as data; return it and the model's parsed YAML.

    Args:
        file: the checkpoint.
        hint: what to name instead of a file without a model.

    Raises:
        Refusal: as `read_finite`, or it holds no model.
    """
    stored = read_finite(file)
    if stored.yaml is None:
        raise Refusal(
            f"{file} holds tensors but no model",
            "expected: a checkpoint with a model and its YAML, as upstream's trainer saves one",
            hint=hint,
        )
    return stored, stored.yaml


class Base:
    """The checkpoint's model, built in this workspace and loaded.

    Attributes:
        data: its parsed YAML.
        model: the built model, in float32 and eval.
        unused: the names of the checkpoint's tensors that this model does not have.
    """

    def __init__(self, upstream: Upstream, stored: Stored, data: dict[str, Any], request: TransplantRequest) -> None:
        self.data = stored.yaml or _guess_yaml(upstream, data, request)
        self.model = build_stored(upstream, self.data)
        _require_same_head(self.data, data)
        _require_same_scale(self.data, data)
        self.unused = load_state(self.model, stored.state)

    def pair_layers(self, model: UpstreamModel, data: dict[str, Any]) -> tuple[int | None, ...]:
        """Return for each of the model's layers the index of the base's layer, None where the base has none.

        Raises:
            Refusal: the two are not alike.
        """
        found, score = pair_layers(model, rows_of(data), self.model, rows_of(self.data))
        if score < LEAST_LIKENESS:
            raise Refusal(
                "the checkpoint is of another family than the YAML",
                f"the checkpoint has {len(self.model.model)} layers: {_classes(self.model)}",
                f"the YAML has {len(model.model)}: {_classes(model)}",
                hint="use the checkpoint of the model that the YAML was made from",
            )
        return found


def _guess_yaml(upstream: Upstream, data: dict[str, Any], request: TransplantRequest) -> dict[str, Any]:
    """Return the YAML for a state dict without a model: upstream's own YAML that is most like the file."""
    found = find_base([request.workspace], data, Path(request.cfg).name, upstream.model_class)
    if found is None:
        raise Refusal(
            "the checkpoint holds tensors but no model, and upstream has no model like the YAML",
            hint="name a checkpoint that holds the whole model",
        )
    guessed = upstream.read(str(found.file), request.scale)
    guessed.update({key: data[key] for key in ("depth_multiple", "width_multiple") if key in data})
    return guessed


def _require_same_head(base: dict[str, Any], data: dict[str, Any]) -> None:
    """Refuse a family that has the same layers, but whose head writes its boxes in another format."""
    ours, theirs = ({key: parsed.get(key) for key in _HEAD_KEYS} for parsed in (data, base))
    if ours != theirs:
        raise Refusal(
            "the checkpoint is of another family than the YAML",
            f"expected: {_describe_keys(ours)}, as the YAML has",
            f"found: {_describe_keys(theirs)} in the checkpoint",
            hint="use the checkpoint of the model that the YAML was made from",
        )


def _describe_keys(keys: dict[str, Any]) -> str:
    return ", ".join(f"{key} {'not set' if value is None else value}" for key, value in keys.items())


def _require_same_scale(base: dict[str, Any], data: dict[str, Any]) -> None:
    ours, theirs = _multiples(data), _multiples(base)
    if ours and theirs and ours != theirs and base.get("scales") and not _has_scale(base, ours):
        raise Refusal(
            "the checkpoint is of another family than the YAML",
            f"expected: depth and width {ours[:2]}, as the YAML has",
            f"found: {theirs[:2]} in the checkpoint, whose family has no scale with the YAML's",
            hint="use the checkpoint of the model that the YAML was made from",
        )
    if ours and theirs and ours != theirs:
        raise Refusal(
            "the checkpoint is of another scale than the YAML",
            f"expected: depth and width {ours[:2]}, as the YAML has",
            f"found: {theirs[:2]} in the checkpoint",
            hint="use the checkpoint of the YAML's scale, or render the YAML at the checkpoint's: --scale",
        )


def _has_scale(data: dict[str, Any], wanted: tuple[float, ...]) -> bool:
    """Return whether the family of a parsed YAML has a scale with these multiples."""
    return any(tuple(row) == wanted for row in (data.get("scales") or {}).values())


def _multiples(data: dict[str, Any]) -> tuple[float, ...] | None:
    """Return the multiples of depth and width of a parsed YAML, and its channel limit; None where it has none."""
    table = data.get("scales")
    if table:
        return tuple(table.get(data.get("scale")) or next(iter(table.values())))
    return tuple(data[key] for key in ("depth_multiple", "width_multiple") if key in data) or None


def load_state(model: UpstreamModel, state: dict[str, Tensor]) -> list[str]:
    """Load every tensor of the model; return the names of the state's tensors that the model does not have.

    Raises:
        Refusal: the state lacks a tensor of the model, or has it in another shape.
    """
    own = model.state_dict()
    missing = [name for name in own if name not in state]
    shaped = [name for name in own if name in state and state[name].shape != own[name].shape]
    if missing or shaped:
        wrong = (missing or shaped)[0]
        raise Refusal(
            "the checkpoint's tensors are not those that this workspace builds of its model",
            f"expected: {len(own)} tensors; {len(missing)} are missing and {len(shaped)} have other shapes",
            f"first: {wrong}: {tuple(own[wrong].shape)} here, "
            + (f"{tuple(state[wrong].shape)} in the checkpoint" if wrong in state else "not in the checkpoint"),
            hint="another release made the checkpoint, and its model of this family differs: yolopatch list pins",
        )
    model.load_state_dict({name: state[name] for name in own})
    return [name for name in state if name not in own]


def _classes(model: UpstreamModel) -> str:
    names = list(dict.fromkeys(type(layer).__name__ for layer in model.model))
    return ", ".join(names)
