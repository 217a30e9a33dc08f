"""The layer table: each layer next to the base model's layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yolopatch.cli.verify.page import figures
from yolopatch.cli.verify.page.reading import as_list, as_object, as_text, figure


@dataclass(frozen=True)
class Layer:
    """One row of the layer table; `mark` compares its class with the base model's."""

    index: str
    source: str
    name: str
    mark: str
    shape: str
    parameters: str
    base_parameters: str
    difference: str
    replaced: bool


def make_layers(rows: Sequence[Any], base_rows: Sequence[Any]) -> tuple[tuple[Layer, ...], Layer | None]:
    """Return the rows of the table and their total; empty if no model was built."""
    own, base = [as_object(row) for row in rows], [as_object(row) for row in base_rows]
    if not own:
        return (), None
    layers = tuple(_layer(row, _beside(row, own, base)) for row in own)
    return layers, _total(own, base)


def _beside(row: Mapping[str, Any], own: Sequence[Any], base: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the base row by its `base_index`, else by the same number if both tables have the same length."""
    if "base_index" not in row and len(own) != len(base):
        return {}
    index = row.get("base_index", row.get("index"))
    return next((other for other in base if index is not None and other.get("index") == index), {})


def _layer(row: Mapping[str, Any], base: Mapping[str, Any]) -> Layer:
    count, other = figure(row.get("parameters")), figure(base.get("parameters"))
    return Layer(
        index=as_text(row.get("index")),
        source=_listed(row.get("from")),
        name=as_text(row.get("class")),
        mark=_mark(row.get("replaced") is True, as_text(row.get("class")), as_text(base.get("class"))),
        shape=_shape(row.get("shape")),
        parameters="" if count is None else figures.count(count),
        base_parameters="" if other is None else figures.count(other),
        difference=figures.difference(count, other),
        replaced=row.get("replaced") is True,
    )


def _mark(replaced: bool, own: str, base: str) -> str:
    if replaced:
        return f"replaces {base}" if base and base != own else "replaced"
    return f"the base has {base}" if base and base != own else ""


def _total(own: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]) -> Layer:
    def total(rows: Sequence[Mapping[str, Any]]) -> float | None:
        found = [figure(row.get("parameters")) for row in rows]
        return sum(n for n in found if n is not None) if rows and None not in found else None

    return _layer({"parameters": total(own)}, {"parameters": total(base)})


def _shape(value: object) -> str:
    """Return one shape, or several, each as `1 × 64 × 80 × 80`."""
    parts = as_list(value)
    if parts and all(isinstance(part, (list, tuple)) for part in parts):
        return ", ".join(map(_shape, parts))
    return " × ".join(map(str, parts)) if parts else as_text(value)


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else as_text(value)
