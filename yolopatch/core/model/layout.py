"""A base model's layers with modules in their place: replaced, inserted, and wired to one another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.layers import Layer
from yolopatch.catalog.modules import ATTENTION, TUTORIAL_FLAVOR, Module
from yolopatch.core.model.layer_rules import INSERTED_KERNEL, is_block, listed
from yolopatch.core.model.placement import Placement
from yolopatch.errors import UsageError


@dataclass(frozen=True)
class Replacement:
    """A module in one flavor in the place of some layers."""

    module: Module
    flavor: str
    placement: Placement


@dataclass(frozen=True)
class LayerNumbers:
    """Where a replacement's layers stand in the file that is written, by number."""

    replaced: tuple[int, ...]
    inserted: tuple[int, ...]


def lay_out_layers(model: BaseModel, replacements: Sequence[Replacement]) -> tuple[Layer, ...]:
    """Return the model's layers, those that the placements name replaced, the new ones behind theirs.

    What read a layer by name reads the new layer behind it instead.

    Raises:
        UsageError: two modules are placed on one layer.
    """
    _require_apart(model, replacements)
    replaced = {index: by for by in replacements for index in by.placement.layers}
    behind = {index: by for by in replacements for index in by.placement.after}
    layers: list[Layer] = []
    stand_ins: dict[str, str] = {}
    for index, layer in enumerate(model.layers):
        layers.append(_replaced_layer(layer, replaced[index]) if index in replaced else layer)
        if index in behind:
            layers.append(_inserted_layer(layer, behind[index]))
            stand_ins[layer.name] = layers[-1].name
    return tuple(replace(x, sources=tuple(stand_ins.get(name, name) for name in x.sources)) for x in layers)


def layer_numbers(model: BaseModel, replacements: Sequence[Replacement], one: Replacement) -> LayerNumbers:
    """Return where the layers of one of the replacements stand once all of them are placed."""
    numbers = {layer.name: number for number, layer in enumerate(lay_out_layers(model, replacements))}
    names = [layer.name for layer in model.layers]
    return LayerNumbers(
        replaced=tuple(numbers[names[index]] for index in one.placement.layers),
        inserted=tuple(numbers[names[index]] + 1 for index in one.placement.after),
    )


def is_bare(model: BaseModel, replacement: Replacement) -> bool:
    """Tell whether a Conv is replaced by the bare class, which has no BatchNorm and activation after it."""
    layers = replacement.placement.layers
    return replacement.flavor == TUTORIAL_FLAVOR and not all(is_block(model, index) for index in layers)


def _replaced_layer(layer: Layer, by: Replacement) -> Layer:
    if layer.module != "Conv":
        return replace(layer, module=by.module.suffixed(layer.module))
    return replace(layer, module=_class(by), args=_args(layer, by))


def _inserted_layer(layer: Layer, by: Replacement) -> Layer:
    """Return a layer that keeps the layer's channels and the map's size."""
    name = f"{layer.name}+"
    if by.module.kind == ATTENTION:
        return Layer(name, by.module.bare, (by.module.tail,) if by.module.tail else ())
    conv = Layer(name, "Conv", (layer.args[0], INSERTED_KERNEL, 1))
    return _replaced_layer(conv, by)


def _class(by: Replacement) -> str:
    return by.module.bare if by.flavor == TUTORIAL_FLAVOR else by.module.conv


def _args(layer: Layer, by: Replacement) -> tuple[int | float | str, ...]:
    if by.flavor != TUTORIAL_FLAVOR:
        return layer.args
    return (layer.args[0], *by.module.bare_tail(layer.kernel, layer.stride).split(", "))


def _require_apart(model: BaseModel, replacements: Iterable[Replacement]) -> None:
    for one, other in combinations(replacements, 2):
        shared = sorted({*one.placement.layers} & {*other.placement.layers})
        behind = sorted({*one.placement.after} & {*other.placement.after})
        if shared or behind:
            numbers = shared or behind
            layers = f"layer{'s' if len(numbers) > 1 else ''} {listed(numbers)}"
            where = layers if shared else f"the place behind {layers}"
            raise UsageError(
                f"{one.module.name} and {other.module.name} are both placed on {where} of {model.stem()}",
                details=[f"{by.module.name}: placement {by.placement.name}" for by in (one, other)],
                hint=f'give each its own layers, e.g. --placement "{one.module.name}:1,3"',
            )
