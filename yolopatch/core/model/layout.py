"""The layers of a base model with modules: replaced layers, inserted layers, and what reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from yolopatch.catalog.kinds import ATTENTION, BACKBONE, JOIN, UP
from yolopatch.catalog.model.base_model import BaseModel
from yolopatch.catalog.model.layers import Layer
from yolopatch.catalog.module import TUTORIAL_FLAVOR, Module
from yolopatch.core.model.layer_rules import INSERTED_KERNEL, is_block, listed
from yolopatch.core.model.placement import Placement
from yolopatch.errors import UsageError


@dataclass(frozen=True)
class Replacement:
    """A module in one flavor, and the layers that it replaces or follows."""

    module: Module
    flavor: str
    placement: Placement


@dataclass(frozen=True)
class LayerNumbers:
    """The numbers of a replacement's layers in the written file."""

    replaced: tuple[int, ...]
    inserted: tuple[int, ...]


def lay_out_layers(model: BaseModel, replacements: Sequence[Replacement]) -> tuple[Layer, ...]:
    """Return the model's layers with the replacements: replaced layers, and new layers after their layers.

    A layer that reads another one by name reads the new layer after it instead.

    Raises:
        UsageError: two modules have the same layer.
    """
    _require_apart(model, replacements)
    stages = {index: layer for by in replacements for index, layer in _stages(model, by)}
    replaced = {index: by for by in replacements for index in by.placement.layers}
    after = {index: by for by in replacements for index in by.placement.after}
    layers: list[Layer] = []
    stand_ins: dict[str, str] = {}
    for index, layer in enumerate(model.layers):
        by = replaced.get(index)
        if by and by.module.kind == BACKBONE:
            layers += [stages[index]] if index in stages else []
            continue
        layers.append(_replaced_layer(layer, by) if by else layer)
        if index in after:
            layers.append(_inserted_layer(layer, after[index]))
            stand_ins[layer.name] = layers[-1].name
    return tuple(replace(x, sources=tuple(stand_ins.get(name, name) for name in x.sources)) for x in layers)


def layer_numbers(model: BaseModel, replacements: Sequence[Replacement], one: Replacement) -> LayerNumbers:
    """Return the layer numbers of one replacement in the model with all replacements."""
    numbers = {layer.name: number for number, layer in enumerate(lay_out_layers(model, replacements))}
    names = [layer.name for layer in model.layers]
    return LayerNumbers(
        # a backbone has fewer layers than those that it replaces
        replaced=tuple(numbers[names[index]] for index in one.placement.layers if names[index] in numbers),
        inserted=tuple(numbers[names[index]] + 1 for index in one.placement.after),
    )


def is_bare(model: BaseModel, replacement: Replacement) -> bool:
    """Tell whether the bare class, without BatchNorm and activation, replaces a Conv."""
    layers = replacement.placement.layers
    return replacement.flavor == TUTORIAL_FLAVOR and not all(is_block(model, index) for index in layers)


def _replaced_layer(layer: Layer, by: Replacement) -> Layer:
    if by.module.kind in (JOIN, UP):
        return replace(layer, module=by.module.bare, args=_tail(by.module))
    if layer.module != "Conv":
        return replace(layer, module=by.module.suffixed(layer.module))
    return replace(layer, module=_class(by), args=_args(layer, by))


def _stages(model: BaseModel, by: Replacement) -> Iterator[tuple[int, Layer]]:
    """Yield what stands in the backbone's place: the module in the first row, and a row for each map that is read.

    The last of these layers gives the smallest map, the one before it the next larger, and so on: the rows count their
    maps from the end, because a backbone may have more than those.
    """
    if by.module.kind != BACKBONE:
        return
    whole = model.layers[0]
    yield 0, Layer(whole.name, by.module.bare, _tail(by.module))
    inside = {model.layers[index].name: index for index in by.placement.layers}
    outside = [layer for index, layer in enumerate(model.layers) if index not in by.placement.layers]
    read = {inside[name] for layer in outside for name in layer.sources if name in inside}
    picks = sorted(read | {by.placement.layers[-1]})
    for number, index in enumerate(picks, start=-len(picks)):
        name = model.layers[index].name
        yield index, Layer(name, by.module.suffixed("Index"), (number,), sources=(whole.name,))


def _inserted_layer(layer: Layer, by: Replacement) -> Layer:
    """Return a new layer after `layer`; it keeps the channels and the size of the map."""
    name = f"{layer.name}+"
    if by.module.kind == ATTENTION:
        return Layer(name, by.module.bare, _tail(by.module))
    conv = Layer(name, "Conv", (layer.args[0], INSERTED_KERNEL, 1))
    return _replaced_layer(conv, by)


def _tail(module: Module) -> tuple[str, ...]:
    return (module.tail,) if module.tail else ()


def _class(by: Replacement) -> str:
    return by.module.bare if by.flavor == TUTORIAL_FLAVOR else by.module.conv


def _args(layer: Layer, by: Replacement) -> tuple[int | float | str, ...]:
    if by.flavor != TUTORIAL_FLAVOR:
        return layer.args
    return (layer.args[0], *by.module.bare_tail(layer.kernel, layer.stride).split(", "))


def _lost(backbone: Replacement, other: Replacement) -> Iterator[int]:
    """Yield the layers after which a module would stand, and that another one, a backbone, takes away."""
    if backbone.module.kind == BACKBONE:
        yield from (i for i in other.placement.after if i in backbone.placement.layers)


def _require_apart(model: BaseModel, replacements: Iterable[Replacement]) -> None:
    for one, other in combinations(replacements, 2):
        shared = sorted({*one.placement.layers} & {*other.placement.layers})
        after = sorted({*one.placement.after} & {*other.placement.after})
        after += [i for a, b in ((one, other), (other, one)) for i in _lost(a, b)]
        if shared or after:
            numbers = shared or after
            layers = f"layer{'s' if len(numbers) > 1 else ''} {listed(numbers)}"
            where = layers if shared else f"the position after {layers}"
            raise UsageError(
                f"{one.module.name} and {other.module.name} are both placed on {where} of {model.stem()}",
                details=[f"{by.module.name}: placement {by.placement.name}" for by in (one, other)],
                hint=f'give each its own layers, e.g. --placement "{one.module.name}:1,3"',
            )
