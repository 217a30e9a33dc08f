"""The family of base models that a YAML belongs to, and its scale, read from its rows."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.layers import Layer
from yolopatch.catalog.model.models import VARIANTS, find_model
from yolopatch.catalog.pins import Pin
from yolopatch.core.model.cfg_file import CfgFile

# Below this share of equal rows, a file is a network of its own.
_LEAST = 0.5

_Row = tuple[str, ...]


def family_of(file: CfgFile) -> str | None:
    """Return the family that a YAML was made from: `yolo11`; None for a network of its own, or where two fit as well.

    Modules in place of layers do not matter: the other rows decide, and the file's name where they cannot.
    """
    rows = [_row(row) for row in file.rows]
    scores = {
        model.name: max(_likeness(rows, graph) for _, graph in model.each_graph())
        for model in VARIANTS.values()
        if model.layers[-1].module == file.head
    }
    best = max(scores.values(), default=0.0)
    if best < _LEAST:
        return None
    found = [name for name, score in scores.items() if score == best]
    if len(found) > 1:
        found = [name for name in found if file.path.stem.startswith(name)]
    return found[0] if len(found) == 1 else None


def base_of(file: CfgFile, pin: Pin, asked: str | None) -> tuple[BaseModel, str]:
    """Return the base model that a YAML was made from, with the layers of its scale, and the scale.

    Args:
        file: the YAML.
        pin: the upstream that builds it; for a network of its own, the base is that of the pin's family.
        asked: the scale that the user asked for, or None.

    Raises:
        UsageError: as `CfgFile.scale_for`.
    """
    model = find_model(family_of(file) or pin.model, file.task)
    scale = file.scale_for(model, asked, _scales_like(file, model))
    return model.at(scale), scale


def _scales_like(file: CfgFile, model: BaseModel) -> tuple[str, ...]:
    """Return the scales of the model whose layers are most like the file's; none where all scales have the same."""
    if not model.graphs:
        return ()
    rows = [_row(row) for row in file.rows]
    scores = {scale: _likeness(rows, graph) for scale, graph in model.each_graph()}
    return tuple(scale for scale, score in scores.items() if score == max(scores.values()))


def _likeness(rows: list[_Row], model: BaseModel) -> float:
    own = [_layer(layer) for layer in model.layers]
    return SequenceMatcher(None, own, rows, autojunk=False).ratio()


def _row(row: list[Any]) -> _Row:
    _, repeats, module, args = row
    return _comparable(repeats, module, args)


def _layer(layer: Layer) -> _Row:
    return _comparable(layer.repeats, layer.module, layer.args)


def _comparable(repeats: object, module: str, args: Sequence[object]) -> _Row:
    # whether a C3k2 is built with C3k depends on the scale, too; quotes are in the catalog, and not in parsed YAML
    counted = [arg for number, arg in enumerate(args) if not (module == "C3k2" and number == 1)]
    return (str(repeats), module, *(str(arg).strip("'\"") for arg in counted))
